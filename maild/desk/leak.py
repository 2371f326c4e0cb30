"""The leak guard (rules P5, P2a): what must not stand in a reply to a client. Pure; the caller says what is secret.

It names what it found as the text has it, so that the counselor can mend it; whoever is unsure can still ``#send``.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from maild.desk import chosen_names, name_traces, number_traces, ordinary_words
from maild.desk.address_forms import address_pattern, surely_lacks
from maild.desk.folded import Folded, fold, fold_word
from maild.desk.name_context import Page, Trace
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
        *number_traces.phones(page, [one.phone for one in secrets.counselors], secrets.allowed_phones),
        *_words(page, secrets),
        *number_traces.other_cases(page, secrets.case, secrets.other_cases),
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
        for trace in chosen_names.find_chosen(page, name):
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
        if address.rstrip(".-") not in allowed and not _of_an_office(address):
            yield Trace(hit.start() - len(local[0]), domain.end())
    for address in _secret_addresses(secrets):
        if surely_lacks(text, address):
            continue
        for found in address_pattern(address).finditer(text):
            yield _back(page.folded, found.start(), found.end())


def _of_an_office(address: str) -> bool:
    """soudan@pref.mie.lg.jp: a public office that anybody may be told of, and nobody's own address."""
    local, _, domain = address.rstrip(".-").partition("@")
    return local in _COMMON_LOCALS and domain.endswith((".go.jp", ".lg.jp"))


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
            if _runs_on(text[start - 1 : start]) or _runs_on(text[end : end + 1]):
                continue
            if not (local.isalpha() and name_traces.is_thing(text, end)):
                yield Trace(start, end)


def _runs_on(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


# -- words -------------------------------------------------------------------------------------------------------------


def _words(page: Page, secrets: Secrets) -> Iterator[Trace]:
    text = page.folded.text
    for word in dict.fromkeys(fold_word(word) for word in secrets.words):
        for hit in _word_pattern(word).finditer(text) if word else ():
            start, end = hit.span()
            if word.isascii() and (_runs_on(text[start - 1 : start]) or _runs_on(text[end : end + 1])):
                continue
            yield Trace(start, end)


@lru_cache(maxsize=512)
def _word_pattern(word: str) -> re.Pattern[str]:
    """A configured word with spaces in it or without, its digits in either script."""
    gap = "" if word.isascii() else r"[ \t\u3000]{0,2}"
    letters = [one for one in word if not one.isspace()] if gap else word
    return re.compile(
        gap.join(number_traces.EITHER.get(one, r"\s+" if one.isspace() else re.escape(one)) for one in letters)
    )


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
