"""The leak guard (rules P5, P2a): what must not stand in a reply to a client. Pure; the caller says what is secret.

It names what it found as the text has it, so that the counselor can mend it; whoever is unsure can still ``#send``.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from maild.desk import name_traces, ordinary_words
from maild.desk.address_forms import address_pattern
from maild.desk.folded import Folded, fold, fold_word
from maild.desk.name_traces import Page, Trace
from maild.desk.rules import Counselor


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
    own_name: str = field(default="", repr=False)  # what the client calls themself: never a leak
    other_cases: Collection[int] | None = None  # cases there are; None: every number counts as one


def find(text: str, secrets: Secrets) -> tuple[str, ...]:
    """What stands in ``text`` that should not, as written there; empty: nothing."""
    page = Page.of(fold(text))
    traces = [
        *(_staff_names(page, secrets) if secrets.names else ()),
        *_other_names(page, secrets),
        *_addresses(text, page, secrets),
        *_locals(page, secrets),
        *_phones(page, secrets),
        *_words(page, secrets),
        *_cases(page, secrets),
    ]
    kept: list[Trace] = []
    for trace in sorted(traces, key=lambda one: (one.start, -one.end)):
        if kept and trace.end <= kept[-1].end:
            continue  # a part of what is named already
        kept.append(trace)
    return tuple(dict.fromkeys(filter(None, (page.folded.written(one.start, one.end) for one in kept))))


# -- names -------------------------------------------------------------------------------------------------------------


def _staff_names(page: Page, secrets: Secrets) -> Iterator[Trace]:
    own = _own(page, secrets.own_name)
    for counselor in dict.fromkeys(secrets.counselors):
        for trace in name_traces.find(page, name_traces.sought(counselor.name, counselor.readings)):
            if not trace.signed and any(start <= trace.start and trace.end <= end for start, end in own):
                continue  # 花子さん, where the client is 花子; as a signature it is the counselor
            yield trace


def _own(page: Page, name: str) -> list[tuple[int, int]]:
    """Where the client's own name stands, in any of its forms."""
    if not name.strip():
        return []
    who = name_traces.sought(name)
    literal = fold_word(name)
    words = {literal, *who.kanji, *who.kana, *who.strict}
    text = page.folded.text
    found = [(at, at + len(word)) for word in words if word for at in _places(text, word)]
    for pattern in (who.whole, who.latin, who.latin_strict):
        if pattern is not None:
            found += [hit.span() for hit in pattern.finditer(text)]
    return found


def _other_names(page: Page, secrets: Secrets) -> Iterator[Trace]:
    own = _own(page, secrets.own_name)
    mine = fold_word(secrets.own_name)
    for name in dict.fromkeys(secrets.other_names):
        if fold_word(name) == mine:
            continue
        for trace in name_traces.find_chosen(page, name):
            if not any(start <= trace.start and trace.end <= end for start, end in own):
                yield trace


# -- addresses ---------------------------------------------------------------------------------------------------------

_AT = re.compile(r"[ \t]{0,2}(?:@|[(\[{<][ ]?(?:at|@|あっとまーく|あっと)[ ]?[)\]}>]|あっとまーく)[ \t]{0,2}")
_LOCAL_ENDS = re.compile(r"[a-z0-9._%+\-/!#$&'*=?^{|}~]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[a-z0-9\-]{1,63}[ ]?(?:\.|\(dot\)|どっと)[ ]?){1,10}[a-z0-9\-]{2,24}")
_COMMON_LOCALS = ordinary_words.words(
    """
    info mail office staff desk support help soudan sodan counselor counselors counsellor counsellors counseling
    center centre contact admin service services team group room home care health life heart kokoro line inbox
    shared oncall on-call ops operator operators madoguchi reply noreply no-reply user users test post
    postmaster root hello welcome question questions consult consultation hotline phone member members school
    welfare public general news shien center1 main
    """
)


def _addresses(text: str, page: Page, secrets: Secrets) -> Iterator[Trace]:
    """Any address that may not stand, however its @ is written."""
    folded = page.folded.text
    allowed = {fold_word(address) for address in secrets.allowed}
    for hit in _AT.finditer(folded):
        local = _LOCAL_ENDS.search(folded[max(0, hit.start() - 64) : hit.start()])
        domain = _DOMAIN.match(folded, hit.end(), hit.end() + 320)
        if local is None or domain is None:
            continue
        address = f"{local[0].strip('.')}@{domain[0].replace(' ', '').replace('(dot)', '.').replace('どっと', '.')}"
        if address.rstrip(".-") not in allowed:
            yield Trace(hit.start() - len(local[0]), domain.end())
    for address in _secret_addresses(secrets):
        for found in address_pattern(address).finditer(text):
            yield _back(page.folded, found.start(), found.end())


def _back(folded: Folded, start: int, end: int) -> Trace:
    """A place of the original as a place of the folded text."""
    return Trace(bisect.bisect_left(folded.starts, start), bisect.bisect_left(folded.starts, end))


def _secret_addresses(secrets: Secrets) -> list[str]:
    allowed = {address.lower() for address in secrets.allowed}
    every = (*secrets.addresses, *(one.address for one in secrets.counselors))
    return [address for address in dict.fromkeys(every) if address.lower() not in allowed]


def _locals(page: Page, secrets: Secrets) -> Iterator[Trace]:
    """The part before the @ alone tells who it is, unless it is a word."""
    allowed = {address.lower().partition("@")[0] for address in secrets.allowed}
    text = page.folded.text
    for address in _secret_addresses(secrets):
        local = fold_word(address.partition("@")[0].strip('"'))
        if len(local) < 3 or local in _COMMON_LOCALS or local in allowed:
            continue
        if not secrets.names and any(one.address == address for one in secrets.counselors):
            continue  # sato, where counselors sign as Sato
        if local.isalpha() and (len(local) < 4 or local in ordinary_words.LATIN):
            continue
        for start in _places(text, local):
            end = start + len(local)
            if not _runs_on(text[start - 1 : start]) and not _runs_on(text[end : end + 1]):
                yield Trace(start, end)


def _runs_on(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


# -- phones, words, cases ----------------------------------------------------------------------------------------------

_NUMERALS = {str(digit): f"[{digit}{kanji}]" for digit, kanji in enumerate("〇一二三四五六七八九")} | {"0": "[0〇零o]"}
_BETWEEN = r"[\s\u3000\-‐-―−ーｰ–—~.・,()/_]{0,3}"


def _phones(page: Page, secrets: Secrets) -> Iterator[Trace]:
    public = {_digits(phone) for phone in secrets.allowed_phones}
    for phone in dict.fromkeys(_digits(one.phone) for one in secrets.counselors if one.phone):
        if len(phone) < 6 or phone in public:
            continue
        for digits in (phone, "81" + phone[1:] if phone.startswith("0") else phone):
            pattern = _BETWEEN.join(_NUMERALS[digit] for digit in digits)
            for hit in re.finditer(rf"(?<!\d){pattern}(?!\d)", page.folded.text):
                yield Trace(*hit.span())


def _digits(phone: str) -> str:
    digits = re.sub(r"\D", "", fold_word(phone))
    return "0" + digits[2:] if fold_word(phone).startswith(("+81", "0081")) and digits.startswith("81") else digits


def _words(page: Page, secrets: Secrets) -> Iterator[Trace]:
    text = page.folded.text
    for word in dict.fromkeys(fold_word(word) for word in secrets.words):
        if not word:
            continue
        for start in _places(text, word):
            end = start + len(word)
            if word.isascii() and (_runs_on(text[start - 1 : start]) or _runs_on(text[end : end + 1])):
                continue
            yield Trace(start, end)


# A number that stands for a case: the tag as maild prints it, or words that say so.
_CASE = re.compile(
    r"(?:受付(?:番号)?|受け付け(?:番号)?|相談番号|けーす(?:番号)?|案件|\bref|\bcase|\[no\.?)[\s\u3000]{0,3}(?:no\.?|[#:の])?[\s\u3000]{0,3}(\d{1,9})(?!\d)"
)
_LOOSE_CASE = re.compile(r"相談[\s\u3000]{0,3}(?:no\.?|[#:])?[\s\u3000]{0,3}(\d{1,9})(?!\d)")
_NUMBERED = re.compile(
    r"(?<![\d\-:.,/])(\d{1,9})[\s\u3000]?番(?:の(?:方|かた|人|相談者|ご?相談|件|受付|けーす)|さん|様)"
)
_COUNTED = re.compile(
    r"[\s\u3000]{0,1}(?:[年月日時分秒回歳才人名件つ個度割倍円台階条項章頁ヶケかカ箇・,.:/~\-–ー%時週代枠室号線本枚点位]|か月|番目|番窓口|番線|まで|から\d|ぺーじ|せんち|kg|cm|km)"
)


def _cases(page: Page, secrets: Secrets) -> Iterator[Trace]:
    """Numbers of other cases; ages, times, counts and prices are none."""
    text = page.folded.text
    for pattern in (_CASE, _LOOSE_CASE, _NUMBERED):
        for hit in pattern.finditer(text):
            number = int(hit[1])
            if number == secrets.case or number == 0:
                continue
            if pattern is not _NUMBERED and _COUNTED.match(text, hit.end()):
                continue
            if secrets.other_cases is not None and number not in secrets.other_cases:
                continue
            yield Trace(*hit.span())


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
