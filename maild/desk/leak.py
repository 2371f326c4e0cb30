"""The leak guard (rules P5, P2a): what must not stand in a reply to a client. Pure; the caller says what is secret.

It names what it found so that the counselor can mend it; whoever is unsure can still ``#send``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from maild.desk.rules import Counselor

_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,253}")
_PHONE = re.compile(r"(?<![\d-])0\d{1,4}[-(). ]{0,2}\d{1,4}[-(). ]{0,2}\d{3,4}(?![\d-])")
_CASE = re.compile(
    r"(?:受付|相談|ref|case|no\.?)\s{0,4}[#:]?\s{0,4}(\d{1,9})(?!\d|[年月日時分回歳才人件つ%])", re.IGNORECASE
)
_BETWEEN = re.compile(r"(?<=[^\x00-\x7f])[ \t](?=[^\x00-\x7f])")
_SPLIT = re.compile(r"[\s\u3000・,，]+")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a reply in one case must not contain."""

    counselors: Sequence[Counselor] = field(default=(), repr=False)
    addresses: Collection[str] = field(default=(), repr=False)  # shared inboxes, on call
    allowed: Collection[str] = field(default=(), repr=False)  # addresses that may stand: the desk's, public ones
    allowed_phones: Collection[str] = field(default=(), repr=False)  # hotlines, referrals
    words: Collection[str] = field(default=(), repr=False)  # configured
    other_names: Collection[str] = field(default=(), repr=False)  # names other clients chose
    case: int = 0
    names: bool = True  # False where counselors sign by name (P2a)


def fold(text: str) -> str:
    """Half-width, lower case, katakana as hiragana."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in folded)


def find(text: str, secrets: Secrets) -> tuple[str, ...]:
    """What stands in ``text`` that should not, as written in the config or in the text; empty: nothing."""
    folded = fold(text)
    found: dict[str, None] = {}
    if secrets.names:
        closed_up = _BETWEEN.sub("", folded)  # 林 花子 for 林花子
        for counselor in secrets.counselors:
            for name in names(counselor):
                if _contains(folded, fold(name)) or (len(name) > 2 and _contains(closed_up, fold(name))):
                    found[name] = None
    allowed = {address.lower() for address in secrets.allowed}
    for hit in _MAIL.findall(unicodedata.normalize("NFKC", text)):
        if hit.lower().rstrip(".") not in allowed:
            found[hit] = None
    for address in (*secrets.addresses, *(one.address for one in secrets.counselors)):
        local = address.partition("@")[0]
        if len(local) >= 4 and _contains(folded, local.lower()):
            found[local] = None
    phones = {_digits(one.phone) for one in secrets.counselors if one.phone}
    public = {_digits(phone) for phone in secrets.allowed_phones}
    for hit in _PHONE.findall(unicodedata.normalize("NFKC", text)):
        if _digits(hit) in phones and _digits(hit) not in public:
            found[hit] = None
    for word in (*secrets.words, *secrets.other_names):
        if len(word) >= 2 and _contains(folded, fold(word)):
            found[word] = None
    for number in _CASE.findall(unicodedata.normalize("NFKC", text)):
        if int(number) != secrets.case:
            found[number] = None
    return tuple(found)


def names(counselor: Counselor) -> tuple[str, ...]:
    """A counselor's names, their parts and readings, the longest first."""
    whole = [counselor.name, *counselor.readings]
    parts = [part for name in whole for part in _SPLIT.split(name.strip()) if part]
    every = dict.fromkeys([*whole, *parts, *_halves(counselor.name)])
    return tuple(sorted((name for name in every if _telling(name)), key=len, reverse=True))


def _halves(name: str) -> list[str]:
    """A Japanese name written without a space, cut into family name and given name where the lengths tell."""
    if not re.fullmatch(r"[\u3400-\u9fff々]{3,5}", name):
        return []
    if len(name) == 3:
        return [name[:2]]  # 佐藤花, 林花子: two characters are the likelier family name
    return [name[:2], name[2:]] if len(name) == 4 else [name[:2], name[:3], name[2:], name[3:]]


def _telling(name: str) -> bool:
    # one character, or two letters, stand in every text by chance
    return len(name) >= 3 if name.isascii() else len(name) >= 2


def _contains(folded: str, needle: str) -> bool:
    if not needle:
        return False
    if needle.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(needle)}(?![a-z0-9])", folded) is not None
    return needle in folded


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
