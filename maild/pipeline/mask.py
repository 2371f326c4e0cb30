"""What counselors never see: the client's registered address and its local part (rules P1a)."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from maild.desk.address_forms import AFTER, AT, BEFORE, address_pattern, local_pattern
from maild.desk.ordinary_words import words
from maild.mail.charmap import NARROW

MASK = "＊＊＊"

_ODD = re.compile("[\u0130\u0131\u017f\u212a]")  # what matches an ASCII letter in any case without being it
_VISIBLE = re.compile("[!-~！-～]+")
_ENCODED = re.compile("[%=][0-9a-f][0-9a-f]|&#")
_RUNS = re.compile("[a-z0-9]+")

# Local parts that are words of every text: they tell nobody who it is, except beside an @ or where an address is named.
_FUNCTION_WORDS = words(
    """
    a an the i me my we us our you your he him his she her it its they them this that is am are was be been do
    does did not no yes and or but if so as at by for from in of on off out over to up with all any one two can
    will would have has had how what when who why new re fw fwd mail email e-mail web www http https com net org
    jp co ne ok id pm cc bcc to ja en ps
    """
)


def masked(text: str, addresses: Collection[str]) -> str:
    """``text`` with every address and every local part replaced, whatever width, case, encoding or line break."""
    for address in addresses:
        if not _lacks(text, address):
            for pattern in _patterns(address):
                text = pattern.sub(_mask, text)
    return text


def _lacks(text: str, address: str) -> bool:
    """Whether the address surely stands nowhere in the text, however written. Nearly always so, and then nothing has
    to be compiled: that takes longer than all the rest of a mail."""
    base = address.rpartition("@")[0].strip('"').partition("+")[0] or address
    if not base.isascii() or _ODD.search(text):
        return False
    seen = "".join(_VISIBLE.findall(text))
    if not seen.isascii():
        seen = NARROW(seen)
    seen = seen.lower()
    if _ENCODED.search(seen):
        return False
    telling = max(_RUNS.findall(base.lower()), key=len, default="")  # a dot may be written in words
    return telling not in "".join(_RUNS.findall(seen))


@lru_cache(maxsize=512)
def _patterns(address: str) -> tuple[re.Pattern[str], ...]:
    local, _, domain = address.rpartition("@")
    local = local.strip('"')
    if not local:
        return ()
    locals_ = [local]
    for separator in "+":
        base = local.partition(separator)[0]
        if base and base != local:
            locals_.append(base)  # taro+soudan@ tells taro@
    found = [address_pattern(f"{one}@{domain}") for one in locals_ if domain]
    for one in locals_:
        found += _alone(one)
    return tuple(found)


def _alone(local: str) -> list[re.Pattern[str]]:
    written = local_pattern(local)
    if not _everyday(local):
        return [re.compile(f"{BEFORE}{written}{AFTER}", re.IGNORECASE)]
    named = r"(?:メール|メルアド|メアド|アドレス|アカウント|ユーザー名|ID|ＩＤ|e-?mail|mail|address|account|mailto)"
    return [
        re.compile(f"{BEFORE}{written}(?={AT})", re.IGNORECASE),
        re.compile(rf"(?<=mailto:){written}{AFTER}", re.IGNORECASE),
        re.compile(
            rf"(?P<before>{named}[はがの:：「『\"“ \t\u3000=＝]{{1,3}}){written}{AFTER}(?![ \t]+[a-z])", re.IGNORECASE
        ),
        re.compile(rf"(?m)^(?P<before>[>＞ \t\u3000]{{0,8}}){written}(?=[ \t\u3000]{{0,8}}\r?$)", re.IGNORECASE),
    ]


def _everyday(local: str) -> bool:
    """Whether it stands in texts by chance: a word, one letter, a number such as an age."""
    return len(local) <= 2 or local.lower() in _FUNCTION_WORDS or (local.isdigit() and len(local) <= 4)


def _mask(hit: re.Match[str]) -> str:
    return (hit.groupdict().get("before") or "") + MASK
