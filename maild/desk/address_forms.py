"""One mail address in all the ways it is written into a text (rules P1a, P5): widths, cases, encodings, breaks."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from maild.mail.charmap import NARROW

_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff"
# Inside an address: nothing one sees, or the end of a line with the quote marks of the next.
_JOIN = f"[{_INVISIBLE}]{{0,4}}(?:[ \\t]{{0,4}}=?\\r?\\n[>＞|｜ \\t\u3000]{{0,8}})?"
_GAP = f"[\\s\u3000{_INVISIBLE}]{{0,4}}(?:[>＞|｜][>＞|｜ \\t\u3000]{{0,8}})?"
_WORDS_FOR_AT = (
    r"[(（\[［【{<＜_][\s\u3000]?"
    r"(?:[aAａＡ][tTｔＴ]|アット(?:マーク)?|ｱｯﾄ(?:ﾏｰｸ)?|あっと(?:まーく)?|@|＠)[\s\u3000]?[)）\]］】}>＞_]"
)
_BARE_AT = r"アット(?:マーク)?|ｱｯﾄ(?:ﾏｰｸ)?|あっと(?:まーく)?|(?<=[\s\u3000])[aAａＡ][tTｔＴ](?=[\s\u3000])"
AT = (
    rf"{_GAP}(?:[@＠﹫★☆■◆●◎](?:を@に(?:変|か)えて)?|%40|=40|&#0{{0,5}}64;|&#[xX]0{{0,5}}40;|&commat;"
    rf"|{_WORDS_FOR_AT}|{_BARE_AT}){_GAP}"
)
_DOT = (
    rf"(?:{_GAP}(?:[.．。｡・]|%2[eE]|=2[eE]|&#0{{0,5}}46;|&period;"
    r"|[(（\[［][\s\u3000]?(?:dot|ドット|どっと|\.)[\s\u3000]?[)）\]］]|ドット|どっと|ﾄﾞｯﾄ|(?<=[\s\u3000])dot(?=[\s\u3000]))"
    rf"{_GAP})"
)
_WORD = "A-Za-z0-9Ａ-Ｚａ-ｚ０-９_＿"
BEFORE = rf"(?:(?<![{_WORD}])|(?<=%[0-9A-Fa-f]{{2}})|(?<==[0-9A-F]{{2}})|(?<=\\[nrt]))"
AFTER = rf"(?![{_WORD}])"


def character(one: str) -> str:
    """A pattern for one character in either width, plain or percent-, quoted-printable- or HTML-encoded."""
    forms = sorted({form for form in (one, one.lower(), one.upper()) if len(form) == 1})
    plain = forms + [chr(ord(form) + 0xFEE0) for form in forms if "!" <= form <= "~"]
    # each way of writing excludes the others: alternatives that overlap would make a near miss cost 2^n steps
    ways = ["[" + "".join(re.escape(form) for form in plain) + "]"]
    codes = [ord(form) for form in forms if form.isascii()]
    if codes:
        ways.append("[%=](?:" + "|".join(f"{code:02x}" for code in codes) + ")")
        ways.append(
            "&#(?:0{0,5}(?:"
            + "|".join(map(str, codes))
            + ");|x0{0,5}(?:"
            + "|".join(f"{code:x}" for code in codes)
            + ");)"
        )
    ways += _SPOKEN.get(one, ())
    return "(?:" + "|".join(ways) + ")"


# Marks of an address in words, and what phones put in their place.
_SPOKEN = {
    ".": (r"[。｡・]", "ドット", "どっと", "ﾄﾞｯﾄ", r"[(（\[][\s\u3000]?(?:dot|ドット)[\s\u3000]?[)）\]]"),
    "-": (r"[‐‑‒–—−ーｰ]", r"[(（\[]?(?:ハイフン|ﾊｲﾌﾝ|マイナス)[)）\]]?"),
    "_": (r"[(（\[]?(?:アンダーバー|アンダースコア|ｱﾝﾀﾞｰﾊﾞｰ)[)）\]]?",),
    "+": (r"[(（\[]?プラス[)）\]]?",),
}


def text_pattern(literal: str, *, breaks: bool = True) -> str:
    """A pattern for ``literal`` that may be broken over lines or hold invisible characters."""
    join = _JOIN if breaks else f"[{_INVISIBLE}]{{0,4}}"
    return join.join(character(one) for one in unicodedata.normalize("NFKC", literal))


def local_pattern(local: str) -> str:
    """A local part; phone addresses hold dots in odd places, and quotes may stand around it."""
    return '["”“＂]?' + text_pattern(local) + '["”“＂]?'


def spread_pattern(local: str) -> str:
    """A local part beside its @: spaces around its marks or in their place (``neko no te@``)."""
    pieces = re.split(r"([._\-])", unicodedata.normalize("NFKC", local))
    gap = "[ \u3000]?"
    marks = {piece: f"(?:{gap}{character(piece)}{gap}|[ \u3000])" for piece in "._-"}
    return "".join(marks.get(piece) or text_pattern(piece) for piece in pieces if piece)


def spelled_pattern(local: str) -> str:
    """A local part letter by letter: ``n e k o``."""
    return "[ \u3000]{1,2}".join(character(one) for one in unicodedata.normalize("NFKC", local))


def domain_pattern(domain: str) -> str:
    """A domain, its dots written in any way."""
    return _DOT.join(text_pattern(label) for label in domain.split("."))


@lru_cache(maxsize=2048)
def address_pattern(address: str) -> re.Pattern[str]:
    """Finds ``address`` wherever it stands as a whole."""
    local, _, domain = address.rpartition("@")
    local = local.strip('"')
    ways = [local_pattern(local)]
    if re.search(r"\w[._\-]\w", local):
        ways.append(spread_pattern(local))
    if len(local) >= 3:
        ways.append(spelled_pattern(local))
    return re.compile(f"{BEFORE}(?:{'|'.join(ways)}){AT}{domain_pattern(domain)}", re.IGNORECASE)


# In UTF-8: full-width letters, digits and the marks of encodings. All of Japanese that begins with this byte is rare.
_WIDE = re.compile(rb"\xef(?:\xbc[\x83\x85\x86\x90-\x99\x9d\xa1-\xba]|\xbd[\x81-\x9a])")
_ENCODED = re.compile(rb"[%=][0-9a-f][0-9a-f]|&#")
_RUNS = re.compile("[a-z0-9]+")
_LOWER = bytes(range(256)).lower()
_INVISIBLE_BYTES = bytes((*range(0x21), 0x7F))
_NO_RUN = bytes(one for one in range(128) if not chr(one).isalnum())


def surely_lacks(text: str, address: str) -> bool:
    """Whether the address surely stands nowhere in the text, however written. Nearly always so, and then nothing has
    to be compiled: that takes longer than all the rest of a mail.

    True for texts put together means true for each of them: what is looked for only gets more by what stands beside it.
    """
    telling = _telling(address)
    if not telling:
        return False
    if not text.isascii():
        # these four match an ASCII letter in any case without being it
        if "\u0130" in text or "\u0131" in text or "\u017f" in text or "\u212a" in text:
            return False
        if _WIDE.search(text.encode("utf-8", "surrogatepass")):
            text = NARROW(text)
    seen = text.encode("ascii", "ignore").translate(_LOWER, _INVISIBLE_BYTES)
    if (b"%" in seen or b"=" in seen or b"&#" in seen) and _ENCODED.search(seen):
        return False
    return telling not in seen.translate(None, _NO_RUN)


@lru_cache(maxsize=512)
def _telling(address: str) -> bytes:
    """The longest run of letters or digits in a local part (a dot may be written in words); "": it is not so simple."""
    base = address.rpartition("@")[0].strip('"').partition("+")[0] or address
    runs = _RUNS.findall(base.lower()) if base.isascii() else ()
    return max(runs, key=len, default="").encode("ascii")
