"""What counselors never see: the client's registered address and its local part (rules P1a)."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from maild.desk.address_forms import AFTER, AT, BEFORE, address_pattern, local_pattern, spelled_pattern, surely_lacks
from maild.desk.ordinary_words import words

MASK = "＊＊＊"

# Local parts that are words of every text: they tell nobody who it is, except beside an @ or where an address is named.
_FUNCTION_WORDS = words(
    """
    a an the i me my we us our you your he him his she her it its they them this that is am are was be been do
    does did not no yes and or but if so as at by for from in of on off out over to up with all any one two can
    will would have has had how what when who why new re fw fwd mail email e-mail web www http https com net org
    jp co ne ok id pm cc bcc to ja en ps
    """
)
# Local parts that are words of many mails, not of people: mailboxes of houses, and what anybody writes about. They are
# masked beside an @, where an address or account is named, on a line of their own, and where somebody is called so.
_EVERYDAY_WORDS = words(
    """
    info mail office contact support help admin staff desk post news shop web home page line sns app phone tel
    fax net pc tv sos dv ok ng id ai it cd dvd blog twitter facebook instagram tiktok youtube google gmail
    amazon iphone android game cafe pop rock live love life happy smile dream dreams hope house room work
    works job school student students teacher class club test exam time day days night today tomorrow morning
    summer winter spring autumn me you friend friends family mother father mom dad baby girl boy man woman
    people person name address hello hi thanks thank sorry please good bad sad angry tired lonely alone sick
    pain death dead die kill end start stop go come back down up out in on off here there where world heart
    mind soul body head hand eye eyes blue red black white green pink gold silver sun moon star stars sky sea
    rain snow flower flowers tree cat cats dog dogs bird birds music piano guitar soccer baseball tennis run
    walk sleep eat drink coffee tea milk cake book books movie photo picture car bike train bus money bank
    card point free new old big small long short high low first last best no1 number one two three
    """
)


def masked(text: str, addresses: Collection[str]) -> str:
    """``text`` with every address and every local part replaced, whatever width, case, encoding or line break."""
    for address in addresses:
        if surely_lacks(text, address):
            continue
        text = _plain(address).sub(MASK, text)  # as most signatures have it
        if surely_lacks(text, address):
            continue
        for pattern in _patterns(address):
            text = pattern.sub(_mask, text)
    return text


def suspected(texts: Collection[str], addresses: Collection[str]) -> tuple[str, ...]:
    """The addresses that may stand somewhere in these texts: the others need not be looked for in each of them."""
    if not addresses:
        return ()
    together = "\n".join(texts)
    return tuple(address for address in addresses if not surely_lacks(together, address))


# What makes it more than the local part: an @ in any form.
_NO_AT = r"(?![\s\u3000]{0,3}(?:[@＠%=&(（\[［【{<＜★☆■◆●◎﹫_]|[aAａＡ][tTｔＴ]|アット|ｱｯﾄ|あっと))"


@lru_cache(maxsize=512)
def _plain(address: str) -> re.Pattern[str]:
    """The address, and the local part if it is no word, just as they are: quickly made, and nearly always enough."""
    local = address.rpartition("@")[0].strip('"')
    alone = f"|{re.escape(local)}{AFTER}{_NO_AT}" if local and not _everyday(local) else ""
    return re.compile(f"{BEFORE}(?:{re.escape(address)}{alone})", re.IGNORECASE)


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
        ways = [written] if len(local) < 5 else [written, spelled_pattern(local)]
        return [re.compile(f"{BEFORE}(?:{'|'.join(ways)}){AFTER}", re.IGNORECASE)]
    named = (
        r"(?:メール|メルアド|メアド|アドレス|アカウント|名前|ネーム|X|Twitter|ツイッター|インスタ|ユーザー名|ID|ＩＤ"
        r"|e-?mail|mail|address|account|mailto)"
    )
    called = (
        r"(?=[」』\"”]?[ \u3000]?(?:さん|さま|様|ちゃん|くん|です|と申|といい(?:ます|まして)|と呼|より(?:[\s。]|\Z)"
        r"|という(?:名|もの|者|ハンドル|ID|アカウント)))"
    )
    return [
        *([] if len(local) <= 2 or local.isdigit() else [re.compile(f"{BEFORE}{written}{called}", re.IGNORECASE)]),
        re.compile(f"{BEFORE}{written}(?={AT})", re.IGNORECASE),
        re.compile(rf"(?<=mailto:){written}{AFTER}", re.IGNORECASE),
        re.compile(
            rf"(?P<before>{named}[はがの:：「『\"“ \t\u3000=＝]{{1,3}}){written}{AFTER}(?![ \t]+[a-z])", re.IGNORECASE
        ),
        re.compile(rf"(?m)^(?P<before>[>＞ \t\u3000]{{0,8}}){written}(?=[ \t\u3000]{{0,8}}\r?$)", re.IGNORECASE),
    ]


def _everyday(local: str) -> bool:
    """Whether it stands in texts by chance: a word, one letter, a number such as an age."""
    word = local.lower()
    return (
        len(local) <= 2 or word in _FUNCTION_WORDS or word in _EVERYDAY_WORDS or (local.isdigit() and len(local) <= 4)
    )


def _mask(hit: re.Match[str]) -> str:
    return (hit.groupdict().get("before") or "") + MASK
