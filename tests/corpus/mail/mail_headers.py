"""Header fields in all the ways that phones break them (rules M2, M5, M6)."""

from __future__ import annotations

import base64
from typing import Any

from mail_builders import FROM, Table, jis, mail, word

CASES = Table()

SUBJECTS: dict[str, tuple[bytes, str]] = {
    "encoded-word": (word("相談です"), "相談です"),
    "charset in mixed case": (word("相談", "Iso-2022-Jp", "iso2022_jp"), "相談"),
    "neighbours": (word("相談") + b"\r\n " + word("です"), "相談です"),
    "neighbours glued": (word("相談") + word("です"), "相談です"),
    "glued to text": (b"Re:" + word("相談"), "Re:相談"),
    "text, word, text": (b"a " + word("相談") + b" b", "a 相談 b"),
    "cut within a character": (b"=?UTF-8?B?55u46K?= =?utf-8?B?uH?=", "相談"),
    "Q cut within a character": (b"=?UTF-8?Q?=E7=9B?=\n =?UTF-8?Q?=B8?=", "相"),
    "Q cut within an escape": (b"=?iso-2022-jp?Q?=1B$BAj?= =?iso-2022-jp?Q?CL=1B=28B?=", "相談"),
    "no padding": (b"=?UTF-8?B?55u4YQ?=", "相a"),
    "never closed": (b"=?UTF-8?B?55u46KuH", "相談"),
    "blanks inside Q": (b"=?utf-8?Q?=E7=9B=B8 a b?=", "相 a b"),
    "question mark inside Q": (b"=?utf-8?Q?what? really?=", "what? really"),
    "folded inside the word": (b"=?utf-8?B?55u4\r\n 6KuH?=", "相談"),
    "language": (b"=?utf-8*ja?B?55u46KuH?=", "相談"),
    "vendor characters": (b"=?iso-2022-jp?B?" + base64.b64encode(b"\x1b$B-!-j\x1b(B") + b"?=", "①㈱"),
    "mislabelled": (b"=?iso-2022-jp?B?" + base64.b64encode("相談".encode()) + b"?=", "相談"),
    "label unknown": (b"=?x-mars?B?" + base64.b64encode("相談です".encode("cp932")) + b"?=", "相談です"),
    "raw seven-bit": (jis("相談です"), "相談です"),
    "raw Shift_JIS": ("相談です".encode("cp932"), "相談です"),
    "raw EUC-JP": ("相談です".encode("euc_jp"), "相談です"),
    "raw UTF-8": ("相談です".encode(), "相談です"),
    "raw beside a word": ("あい ".encode("cp932") + word("相談"), "あい 相談"),
    "header injection": (b"=?utf-8?Q?a=0D=0ABcc:_evil=40x.example?=", "a Bcc: evil@x.example"),
    "NUL": (b"=?utf-8?Q?a=00b?=", "ab"),
    "bidi": ("=?utf-8?B?{}?=".format(base64.b64encode("a\u202eb".encode()).decode()).encode(), "ab"),
    "emoji": (word("😀", "utf-8"), "😀"),
    "not an encoded-word": (b"1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    "folded": (b"a\r\n\tb", "a\tb".replace("\t", " ")),
}
for _name, (_value, _text) in SUBJECTS.items():
    CASES.case(f"subject: {_name}", mail(b"Subject: " + _value + b"\n"), subject=_text, kind="mail")
MAILBOXES: dict[str, tuple[bytes, str, str]] = {
    "plain": (b"hanako@docomo.example", "", "hanako@docomo.example"),
    "name": (word("花子") + b" <Hanako@Docomo.example>", "花子", "hanako@docomo.example"),
    "name in quotes": (b'"' + word("花子") + b'" <hanako@docomo.example>', "花子", "hanako@docomo.example"),
    "raw name": ("花子 <hanako@docomo.example>".encode("cp932"), "花子", "hanako@docomo.example"),
    "raw seven-bit name with special bytes": (jis("ガあ写") + b" <h@x.example>", "ガあ写", "h@x.example"),
    "two dots": (b"foo..bar@docomo.example", "", "foo..bar@docomo.example"),
    "dot at the end, quoted": (b'"foo."@docomo.example', "", "foo.@docomo.example"),
    "dot at the end": (b"<foo.@docomo.example>", "", "foo.@docomo.example"),
    "looks like the desk": (b"soudan@example.jp <evil@x.example>", "soudan@example.jp", "evil@x.example"),
    "looks like the desk, quoted": (b'"soudan@example.jp" <evil@x.example>', "soudan@example.jp", "evil@x.example"),
    "comment": (b"hanako@docomo.example (Hanako)", "Hanako", "hanako@docomo.example"),
    "comma in an unquoted name": (b"Yamada, Hanako <h@x.example>", "Yamada, Hanako", "h@x.example"),
    "all of it encoded": (word("花子 <h@x.example>", "utf-8"), "花子", "h@x.example"),
    "open quote": (b'"Hanako <h@x.example>', '"Hanako', "h@x.example"),
    "open bracket": (b"Hanako <h@x.example", "Hanako", "h@x.example"),
    "blanks": (b"Hanako < h @ x . example >", "Hanako", "h@x.example"),
    "source route": (b"<@r.example:h@x.example>", "", "h@x.example"),
    "wide domain": ("h@ｄｏｃｏｍｏ.example".encode(), "", "h@docomo.example"),
    "bidi name": ('"evil\u202egpj\u200b" <h@x.example>'.encode(), "evilgpj", "h@x.example"),
    "no address": (b"Hanako", "Hanako", ""),
    "garbage": (b"<<>>;:,(", "<<>>;:,(", ""),
}
for _name, (_value, _display, _address) in MAILBOXES.items():
    CASES.case(f"from: {_name}", mail(sender=b"From: " + _value + b"\n"), from_name=_display, from_address=_address)
IDS: dict[str, tuple[bytes, Any]] = {
    "plain": (b"<a@b.example>", "<a@b.example>"),
    "brackets inside": (b"<[x@y]>", "<[x@y]>"),
    "folded": (b"\r\n <a@b.example>", "<a@b.example>"),
    "no angle brackets": (b"a@b.example", "<a@b.example>"),
    "no at sign": (b"<abc>", "<abc>"),
    "garbage": (b"\xff\xfe", None),
    "empty": (b"", None),
}
for _name, (_value, _id) in IDS.items():
    CASES.case(f"message-id: {_name}", FROM + b"Message-ID: " + _value + b"\n\nx", message_id=_id)
CASES.case(
    "in-reply-to with prose",
    mail(b'In-Reply-To: Your message of "Mon" <a@b.example> (x)\n'),
    in_reply_to=("<a@b.example>",),
)
CASES.case(
    "references folded and glued",
    mail(b"References: <a@b.example><c@d.example>\n\t<e@f\n .example> junk <>\n"),
    references=("<a@b.example>", "<c@d.example>", "<e@f.example>"),
)
CASES.case(
    "to and cc",
    mail(b'Cc: "A, B" <a@b.example>, g: c@d.example;, Soudan@Example.JP\n'),
    to=("soudan@example.jp", "a@b.example", "c@d.example"),
)
CASES.case(
    "header names in capitals",
    b"FROM: h@x.example\nSUBJECT: a\nMESSAGE-ID: <a@b.example>\n\nx",
    from_address="h@x.example",
    subject="a",
    message_id="<a@b.example>",
)
CASES.case(
    "mbox line first",
    b"From h@x.example Mon Jan  5 09:00:00 2026\n" + mail(),
    from_address="hanako@docomo.example",
    text="x",
)
CASES.case("empty lines first", b"\r\n\r\n" + mail(), from_address="hanako@docomo.example", text="x")
CASES.case("no empty line", FROM + b"Subject: a\nthis is text\nmore", subject="a", text="this is text\nmore")
CASES.case("junk between headers", FROM + b"junk line\nSubject: a\n\nx", subject="a", text="x")
CASES.case("text without any header", b"just text\n", kind="mail", text="just text", from_address="")

for _name, _line in (
    ("blank before the colon", b"From : hanako@docomo.example\n"),
    ("tab", b"From\t: hanako@docomo.example\n"),
):
    CASES.case(
        f"first field: {_name}", mail(b"Subject : s\n", sender=_line), subject="s", from_address="hanako@docomo.example"
    )
