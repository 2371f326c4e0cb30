"""Bodies in every charset and transfer encoding, rightly and wrongly labelled (rules M5)."""

from __future__ import annotations

import base64
import quopri

from mail_builders import CTE, PLAIN, TEXT, UTF8, Table, b64, ctype, jis, mail

CASES = Table()

LABELS = {
    "utf-8": ("utf-8", "UTF-8", "utf8", '"utf-8"'),
    "iso2022_jp": (
        "ISO-2022-JP",
        "iso-2022-jp",
        "iso-2022-jp-ms",
        "cp50220",
        "CP50221",
        "x-iso-2022-jp",
        "csISO2022JP",
    ),
    "cp932": ("Shift_JIS", "shift-jis", "x-sjis", "Windows-31J", "cp932", "MS_Kanji"),
    "euc_jp": ("EUC-JP", "eucJP-ms", "x-euc-jp", "cp51932"),
}
for _codec, _labels in LABELS.items():
    for _label in _labels:
        CASES.text_case(f"label {_label}", TEXT.encode(_codec), ctype(f"text/plain; charset={_label}"))
    CASES.text_case(f"{_codec} without any header", TEXT.encode(_codec), b"")
    CASES.text_case(f"{_codec} labelled us-ascii", TEXT.encode(_codec), ctype("text/plain; charset=us-ascii"))
    CASES.text_case(f"{_codec} labelled iso-8859-1", TEXT.encode(_codec), ctype("text/plain; charset=iso-8859-1"))
    CASES.text_case(f"{_codec} with a label nobody knows", TEXT.encode(_codec), ctype("text/plain; charset=x-mars"))
for _codec, _label in (
    ("utf-8", "iso-2022-jp"),
    ("utf-8", "shift_jis"),
    ("cp932", "utf-8"),
    ("cp932", "iso-2022-jp"),
    ("cp932", "euc-jp"),
    ("euc_jp", "shift_jis"),
    ("euc_jp", "utf-8"),
    ("iso2022_jp", "utf-8"),
    ("iso2022_jp", "shift_jis"),
):
    _raw = mail(ctype(f"text/plain; charset={_label}"), TEXT.encode(_codec))
    CASES.case(f"{_codec} labelled {_label}", _raw, text=TEXT, defects={"charset_mislabelled"})
CASES.text_case(
    "vendor characters in seven bits", b"\x1b$B-!-j|byu|n\x1b(B", ctype("text/plain; charset=iso-2022-jp"), "①㈱髙﨑黑"
)
CASES.text_case(
    "vendor characters in Shift_JIS", "①㈱髙﨑ⅢⅣ".encode("cp932"), ctype("text/plain; charset=Shift_JIS"), "①㈱髙﨑ⅢⅣ"
)
CASES.text_case(
    "half-width kana in seven bits", b"\x1b(I1239\x1b(B!", ctype("text/plain; charset=iso-2022-jp"), "ｱｲｳｹ!"
)
for _name, _raw, _text in (
    ("half-width kana in eight bits", jis("花子です ") + "ｱｲｳﾃﾞｽ｡".encode("cp932") + jis("はい"), "花子です ｱｲｳﾃﾞｽ｡はい"),
    ("EUC-JP kana between escapes", jis("花子です ") + "あいう".encode("euc_jp"), "花子です あいう"),
    ("UTF-8 between escapes", jis("花子です ") + "消えたい".encode(), "花子です 消えたい"),
):
    CASES.text_case(_name, _raw, ctype("text/plain; charset=iso-2022-jp"), _text)
CASES.text_case(
    "nothing but half-width kana", "ｼﾆﾀｲ ﾀｽｹﾃ".encode("cp932"), ctype("text/plain; charset=Shift_JIS"), "ｼﾆﾀｲ ﾀｽｹﾃ"
)
for _label in ("EUC-JP", "Shift_JIS", "utf-8", "us-ascii"):
    CASES.text_case(
        f"nothing but half-width kana in EUC-JP, labelled {_label}",
        "ｼﾆﾀｲ ﾀｽｹﾃ".encode("euc_jp"),
        ctype(f"text/plain; charset={_label}"),
        "ｼﾆﾀｲ ﾀｽｹﾃ",
    )
for _text in ("ｼﾞｻﾂｼﾀｲ､ｷｮｳｯﾃ!", "ﾊﾟｰﾃｨｰ ｳﾞｧ ｼｪﾌ｡ ｢ﾜﾀｼ｣"):
    CASES.text_case(
        f"half-width kana in Shift_JIS: {_text}", _text.encode("cp932"), ctype("text/plain; charset=Shift_JIS"), _text
    )
for _text in ("自殺", "名前：花子", "離婚", "…"):
    CASES.text_case(
        f"EUC-JP labelled Shift_JIS: {_text}", _text.encode("euc_jp"), ctype("text/plain; charset=Shift_JIS"), _text
    )
CASES.text_case(
    "half-width kana in Shift_JIS", "ｱｲｳです".encode("cp932"), ctype("text/plain; charset=Shift_JIS"), "ｱｲｳです"
)
CASES.text_case(
    "JIS X 0212", "\u4e02です".encode("iso2022_jp_1"), ctype("text/plain; charset=iso-2022-jp-1"), "\u4e02です"
)
CASES.text_case(
    "JIS X 0213", "俱楽部".encode("iso2022_jp_2004"), ctype("text/plain; charset=iso-2022-jp-2004"), "俱楽部"
)
CASES.text_case(
    "ISO-2022-JP-2",
    "日本 中国 한국 é".encode("iso2022_jp_2"),
    ctype("text/plain; charset=iso-2022-jp-2"),
    "日本 中国 한국 é",
)
CASES.text_case(
    "docomo emoji between kana", b"\x82\xa0\xf8\x9f\x82\xa2", ctype("text/plain; charset=Shift_JIS"), "あ☀い"
)
CASES.text_case("unknown carrier emoji", b"\x82\xa0\xf3\x40\x82\xa2", ctype("text/plain; charset=Shift_JIS"), "あ〓い")
CASES.text_case(
    "emoji of KDDI in seven bits", b'\x1b$B$"uA$$\x1b(B', ctype("text/plain; charset=iso-2022-jp"), "あ〓い"
)
CASES.text_case(
    "line cut within the kanji mode", b'\x1b$B$"$$\n$&$(\x1b(B', ctype("text/plain; charset=iso-2022-jp"), "あい\nうえ"
)
CASES.text_case(
    "kanji mode never closed", b'\x1b$B$"$$\nplain text', ctype("text/plain; charset=iso-2022-jp"), "あい\nplain text"
)
CASES.text_case(
    "escapes stripped by a gateway", jis(TEXT).replace(b"\x1b", b""), ctype("text/plain; charset=iso-2022-jp")
)
CASES.text_case("UTF-16", TEXT.encode("utf-16"), ctype("text/plain; charset=utf-16"))
CASES.text_case("UTF-7", "相談です".encode("utf-7"), ctype("text/plain; charset=utf-7"), "相談です")
CASES.text_case("UTF-8 with a mark", b"\xef\xbb\xbf" + TEXT.encode(), ctype("text/plain; charset=utf-8"))
CASES.text_case("emoji as surrogates", b"ok \xed\xa0\xbd\xed\xb8\x80", ctype("text/plain; charset=utf-8"), "ok 😀")
CASES.text_case("cut within a character", "相談".encode()[:-1], ctype("text/plain; charset=utf-8"), "相\ufffd")
CASES.text_case(
    "simplified Chinese", "你好，我想咨询".encode("gb2312"), ctype("text/plain; charset=gb2312"), "你好，我想咨询"
)
CASES.text_case("Korean", "안녕하세요".encode("euc_kr"), ctype("text/plain; charset=euc-kr"), "안녕하세요")
CASES.text_case("Latin-1", "café à Noël".encode("latin-1"), ctype("text/plain; charset=iso-8859-1"), "café à Noël")


# Transfer encodings, line ends, control characters, format=flowed
CASES.text_case("base64", b64(TEXT.encode()), UTF8 + CTE + b"base64\n")
CASES.text_case("base64 in capitals", b64(TEXT.encode()), UTF8 + CTE + b"BASE64\n")
CASES.text_case("base64 without padding", b64(TEXT.encode()).replace(b"=", b""), UTF8 + CTE + b"base64\n")
CASES.text_case("base64 with junk", b64(TEXT.encode())[:8] + b"!*" + b64(TEXT.encode())[8:], UTF8 + CTE + b"base64\n")
CASES.text_case(
    "base64, then a list's footer",
    b64("相談です。\n".encode()) + b"-- \nsent by a list\n",
    UTF8 + CTE + b"base64\n",
    "相談です。\n\n-- \nsent by a list",
)
CASES.text_case("base64 in name only", TEXT.encode(), UTF8 + CTE + b"base64\n")
CASES.text_case(
    "two padded runs",
    base64.b64encode("相談".encode() + b"\n") + b"\n" + base64.b64encode("です".encode()),
    UTF8 + CTE + b"base64\n",
    "相談\nです",
)
CASES.text_case("quoted-printable", quopri.encodestring(TEXT.encode()), UTF8 + CTE + b"quoted-printable\n")
CASES.text_case("quoted-printable, broken", b"a=ZZ b= \nc=E3=81=82=", UTF8 + CTE + b"Quoted-Printable\n", "a=ZZ bcあ")
CASES.text_case(
    "seven-bit kanji labelled quoted-printable",
    jis("一相談です"),
    ctype("text/plain; charset=iso-2022-jp") + CTE + b"quoted-printable\n",
    "一相談です",
)
for _codec in ("utf-16-le", "utf-16-be", "utf-16", "utf-32"):
    CASES.text_case(
        f"{_codec} without a mark", b64(TEXT.encode(_codec)), ctype(f"text/plain; charset={_codec}") + CTE + b"base64\n"
    )
for _label in ("idna", "punycode", "undefined", "zlib", "rot13", "unicode_escape"):
    CASES.text_case(
        f"no charset of mail: {_label}",
        TEXT.encode(),
        ctype(f"text/plain; charset={_label}"),
        defects={"charset_unknown"},
    )
CASES.text_case("unknown transfer encoding", TEXT.encode(), UTF8 + CTE + b"7bits\n")

# --- Line ends, control characters, flowed --------------------------------------------------------------------------
CASES.text_case("bare CR in the text", b"one\rtwo\r\nthree", PLAIN, "one\ntwo\nthree")
CASES.text_case("NUL and controls in the text", b"a\x00b\x07c\x1b[0m", PLAIN, "abc[0m")
CASES.case(
    "only bare CR", mail(b"", b"one\ntwo").replace(b"\n", b"\r"), text="one\ntwo", from_address="hanako@docomo.example"
)
CASES.text_case(
    "flowed",
    b"one \ntwo\n> a \n> b\n three\n-- \nme",
    ctype("text/plain; format=flowed"),
    "one two\n> a b\nthree\n-- \nme",
)
CASES.text_case(
    "flowed, DelSp", "相談 \nです".encode(), ctype("text/plain; charset=utf-8; format=flowed; delsp=yes"), "相談です"
)
