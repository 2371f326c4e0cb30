"""Cutting the signature under what a counselor wrote (rules P2): their program's, ``-- ``, or one below a ruler.

Cut only what is certainly one: below ``-- ``, or a block below a ruler that holds nothing but who the counselor is, as
the config knows them (:class:`Identity`). What might as well be the counselor's advice (a list of telephones below a
ruler looks just the same) stays and is reported as a doubt, so that the desk asks instead of losing it (rules P5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from maild.desk import app_lines
from maild.mail.quote_marks import clean, fold

_MOST_LINES = 12  # lines of text in a signature
_DELIMITERS = ("-- ", "--", "--\u3000", "-- \u3000")
_WINDOW = 40  # lines from the end in which a signature is looked for: bounds the work
_RULER = re.compile(
    r"(?:([^\w\s「」『』（）()。、.,!?！？])\s?(?:\1\s?){2,}|(?:[^\w\s「」『』（）()。、,!?]\s?){5,}|[_＿ー―]{3,}|[oO]{5,})$"
)
_DRESSED = re.compile(r"\D{0,4}?([─━═=~〜_＿*＊・‥…\-])\1{5,}\D{0,4}$")  # a star at its end
_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,190}")
_PHONE = re.compile(r"(?:\+81[- ]?|\(?0)\d{1,4}\)?[-( ]{0,2}\d{1,4}[-) ]{1,2}\d{3,4}(?!\d)|\b0\d{9,10}\b")
_CONTACT_LABEL = re.compile(
    r"^\W{0,3}(?:tel|fax|phone|mobile|e-?mail|mail|url|web|hp|電話|住所|所在地|携帯|直通)\s*[:/.)]", re.IGNORECASE
)
_URL = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_POSTAL = re.compile(
    r"〒|\b\d{3}-\d{4}\b(?!-)|(?:[都道府県][^。]{1,8}[市区郡町村]|[市区町村][^。]{1,12}\d{1,4}-\d{1,4})"
)
_ORGANISATION = re.compile(
    r"(?:センター|相談室|相談窓口|相談所|協会|法人|株式会社|有限会社|事務局|支援室|課|係|部|財団|社団|クリニック|病院|大学|役所"
    r"|県庁|協議会|相談員|カウンセラー|支援員)(?:$|[\s　/()])"
)
_HELP_LINE = re.compile(
    r"いのちの電話|ダイヤル|ホットライン|0120|0570|#\d{3,4}|24時間|受付(?:時間)?|チャット相談|電話相談|SNS相談|よりそい|まで(?:電話|お?問い?合わせ)"
)
_POINTS_BELOW = re.compile(
    r"[:↓]\s?$|(?:下記|以下|次の|こちら|連絡先|窓口(?:です|をご)?|相談先|番号|一覧|まとめ)[^。]{0,12}[。.]?$|(?:下記|以下|次の)[^。]{0,30}[。:]$"
)
_PROSE = re.compile(r"(?:です|ます|ました|ません|ください|下さい|でしょう|ですか|ましょう|ね|よ)[。.!?…]*$|。$")
# services for the public, which no counselor has in a signature
_NAMES = (
    r"いのちの電話|よりそいホットライン|統一ダイヤル|チャイルドライン|ヤングテレホン|あなたのいばしょ|こころの耳|法テラス|ハローワーク"
    r"|労働局|労働基準監督署|保健所|労働条件相談|相談ほっとライン|dv相談|女性相談支援センター|男女共同参画"
)
_SERVICE = re.compile(_NAMES, re.IGNORECASE)
_PUBLIC = re.compile(rf"{_NAMES}|#?7119|#?8000|#?9110|(?<!\d)1(?:10|19|88|89)番?(?!\d)|0120|0570|0800", re.IGNORECASE)
_TITLE = re.compile(
    r"(?:専門)?(?:相談員|支援員|カウンセラー|相談担当|担当者?|スタッフ|臨床心理士|公認心理師|精神保健福祉士|社会福祉士|より|拝)"
)
_LABELS = re.compile(
    r"tel|fax|phone|mobile|e-?mail|mail(?:to)?|url|web|hp|homepage|電話|住所|所在地|携帯|直通|内線|代表|メール|アドレス|ホームページ"
    r"|ファックス|ファクス",
    re.IGNORECASE,
)
_PHONES = re.compile(r"(?:\+81[- ]?|\(?0)\d{1,4}\)?[-( ]{0,2}\d{1,4}[-) ]{0,2}\d{2,4}(?!\d)|(?<=内線)\s?:?\s?\d{1,5}")
_URLS = re.compile(r"(?:https?://|www\.)[^\s]{1,300}", re.IGNORECASE)
_ZIP = re.compile(r"〒?\s?\d{3}-\d{4}(?!-)")
_HEADING = re.compile(
    r"相談先|連絡先|電話番号|参考|まとめ|一覧|ご案内|話せる|役に立つ|困った(?:とき|時)|つらい(?:とき|時)"
)
_DIGIT = re.compile(r"\d")
_BARE = re.compile(r"[^\w]|_")
_GATEWAY = re.compile(
    r"(?:ウイルス|ウィルス|virus).{0,40}(?:スキャン|チェック|検査|検出|対策|scan|free|check)|www\.avast\.com|www\.avg\.com",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes at this desk, as the config knows it: what may stand in a signature of theirs."""

    names: tuple[str, ...] = field(default=(), repr=False)  # of counselors, in every spelling
    addresses: tuple[str, ...] = field(default=(), repr=False)  # of counselors, the shared inbox and the desk
    phones: tuple[str, ...] = field(default=(), repr=False)
    desk: str = ""  # its display name

    def knows(self, line: str) -> bool:
        """Whether a line certainly names somebody of the desk, or the desk: clients have given names, too."""
        folded = fold(line)
        titled = _TITLE.sub("", folded)  # a title makes half a name certain
        return (
            self._whole(folded) != ""
            or (titled != folded and any(self.is_half(word) for word in clean(line).split()))
            or any(one and one.casefold() in folded for one in self.addresses)
            or any(_digits(one) in _digits(line) for one in self.phones if len(_digits(one)) >= 9)
        )

    def is_desk(self, line: str) -> bool:
        """Whether a line names the desk, by its name or address: the sender of every notice."""
        folded = fold(line)
        return any(one and fold(one) in folded for one in (self.desk, *self.addresses))

    def _whole(self, folded: str) -> str:
        for one in (self.desk, *self.names):
            name = fold(one)
            if name and (name == folded or (len(name) >= 3 and name in folded)):
                return name
        return ""

    def is_half(self, line: str) -> bool:
        """A family name or a given name, alone or with a title; or in letters, as in the address."""
        folded = _BARE.sub("", _TITLE.sub("", fold(line)))
        if folded.isascii() and folded.isalpha():
            return any(len(name) >= 3 and name in folded for name in map(_local_part, self.addresses))
        return len(folded) >= 2 and any(
            fold(one).startswith(folded) or fold(one).endswith(folded) for one in self.names
        )

    def without(self, line: str) -> str:
        """A line, folded, without the names in it."""
        rest = fold(line)
        while name := self._whole(rest):
            rest = rest.replace(name, "", 1)
        if self.is_half(rest):
            return ""
        return (
            "".join(fold(word) for word in clean(line).split() if not self.is_half(word))
            if rest == fold(line)
            else rest
        )


NOBODY = Identity()


def _local_part(address: str) -> str:
    return address.partition("@")[0].casefold()


def cut(
    lines: Sequence[str], *, is_text_above: bool = False, identity: Identity = NOBODY
) -> tuple[list[str], list[str]]:
    """The lines of one own section without its signature, and doubt codes (empty where all is clear).

    ``lines`` come without line ends. Sections are what stands between quotes; each may end in a signature.
    ``is_text_above``: the counselor wrote in an earlier section, so this one may be nothing but a signature.
    ``identity``: what a block between rulers must consist of to be cut.
    """
    kept = _trimmed(lines)
    doubts: list[str] = []
    for step in (_cut_program_lines, _cut_ruled, _cut_program_lines, _cut_delimited, _cut_program_lines, _cut_ruled):
        kept, doubt = step(kept, is_text_above, identity)
        if doubt:
            doubts.append(doubt)
            break  # what may be text is not cut further
    return kept, doubts


def is_ruler(line: str) -> bool:
    """A line drawn with one character: ``------``, ``=====``, ``＿＿＿``, ``∞∞∞``, ``*‥*‥*``."""
    bare = clean(line[:200])
    return len(bare) >= 3 and (_RULER.match(bare) is not None or _DRESSED.match(bare) is not None)


def _trimmed(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not clean(kept[-1]):
        kept.pop()
    return kept


def _cut_program_lines(lines: list[str], is_text_above: bool, identity: Identity) -> tuple[list[str], str]:
    kept = _trimmed(lines)
    while kept and _GATEWAY.search(clean(kept[-1][:300])):
        kept = _trimmed(kept[:-1])
    kept, unknown = app_lines.cut(kept)
    return _trimmed(kept), "signature_unclear" if unknown else ""


def _cut_delimited(lines: list[str], is_text_above: bool, identity: Identity) -> tuple[list[str], str]:
    """``-- `` (RFC 3676 section 4.3); a bare ``--``, since some programs strip the space, only above contact data."""
    kept = lines
    below: list[str] = []  # text below the delimiter, from the last delimiter upwards
    for at in range(len(lines) - 1, -1, -1):
        bare = lines[at].rstrip("\r")
        if bare not in _DELIMITERS:
            if clean(lines[at]):
                below.append(clean(lines[at][:300]))
            if len(below) > _MOST_LINES:
                break
            continue
        prose = sum(1 for part in below if _PROSE.search(part) and not _is_contact(part))
        proven = any(
            _is_contact(part) or _ORGANISATION.search(part) or identity.knows(part) or identity.is_half(part)
            for part in below
        )
        above = is_text_above or any(clean(line) for line in lines[:at])
        is_text = prose > (1 if bare == "-- " and proven else 0) or any(_HELP_LINE.search(part) for part in below)
        if is_text or (bare != "-- " and below and not proven) or not above:
            return _trimmed(kept), "signature_unclear"
        kept = lines[:at]
        below = []
    if any(line.rstrip("\r") == "-- " for line in kept):
        return _trimmed(kept), "signature_unclear"  # more below it than a signature holds
    return _trimmed(kept), ""


def _cut_ruled(lines: list[str], is_text_above: bool, identity: Identity) -> tuple[list[str], str]:
    """A last block below a ruler: cut if all of it says who the counselor is, left with a doubt if it may be advice."""
    kept = _trimmed(lines)
    rulers: list[int] = []
    texts = 0
    for at in range(len(kept) - 1, max(-1, len(kept) - 1 - _WINDOW), -1):
        if kept[at].rstrip("\r") in _DELIMITERS:
            break  # the signature begins there, not at a ruler above it
        if is_ruler(kept[at]):
            rulers.append(at)
        elif clean(kept[at]):
            texts += 1
            if texts > _MOST_LINES or len(kept[at]) > 120:
                break
    start: int | None = None  # the ruler that a signature begins with, as far as proven
    for at in rulers:  # from the last one upwards
        below = kept[at + 1 : start if start is not None else len(kept)]
        block = [clean(line[:300]) for line in below if clean(line) and not is_ruler(line)]
        if not block:
            if start is not None:
                break  # two rulers with nothing between: the upper one is the counselor's
            continue
        prose = any(_PROSE.search(line) and not _is_contact(line) for line in block)
        proven = any(_is_contact(line) or _ORGANISATION.search(line) or identity.knows(line) for line in block)
        if prose or not proven:
            if start is not None and not prose and len(block) <= 2:
                return kept, "signature_unclear"  # a name between rulers, or a heading of the text
            break
        start = at
    if start is None:
        return kept, ""
    above = [clean(line) for line in kept[:start] if clean(line) and not is_ruler(line)]
    block = [clean(line[:300]) for line in kept[start:] if clean(line) and not is_ruler(line)]
    last = above[-1][-300:] if above else ""
    if (above or is_text_above) and _is_signature(block, identity) and not _POINTS_BELOW.search(last):
        return _trimmed(kept[:start]), ""
    if _is_advice(block, last) and not any(identity.knows(line) for line in block):
        return kept, ""
    return kept, "signature_unclear"


def _is_contact(line: str) -> bool:
    return any(pattern.search(line) for pattern in (_GATEWAY, _MAIL, _PHONE, _URL, _POSTAL, _CONTACT_LABEL))


def _is_signature(block: Sequence[str], identity: Identity) -> bool:
    """Whether the block names somebody of the desk and holds nothing but such names, addresses and numbers."""
    known = any(identity.knows(line) for line in block) or (
        any(identity.is_half(line) for line in block) and any(_is_contact(line) for line in block)
    )
    if not known or any(_HELP_LINE.search(line) for line in block):
        return False
    return all(_is_who(line, identity) for line in block)


def is_only_signature(text: str, identity: Identity) -> bool:
    """Whether a text is nothing but who wrote it: what programs put under an order is no text of its own."""
    lines = [clean(line[:300]) for line in text.split("\n") if clean(line) and not is_ruler(line)]
    return bool(lines) and len(lines) <= _MOST_LINES and _is_signature(lines, identity)


def _is_who(line: str, identity: Identity) -> bool:
    if _PROSE.search(line) or len(line) > 80:
        return False
    known = identity.knows(line)
    if _POSTAL.search(line) and not _PHONE.search(_ZIP.sub("", line)):
        return True
    rest = identity.without(_URLS.sub("", _PHONES.sub("", _MAIL.sub("", line))))
    rest = _LABELS.sub("", _TITLE.sub("", rest))
    if _ORGANISATION.search(line) and not _DIGIT.search(rest):
        return True
    rest = _BARE.sub("", rest)
    # beside a name: its reading, the name in letters; beside a number: nothing
    return not rest or (known and len(rest) <= 16 and not _DIGIT.search(rest))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _is_advice(block: Sequence[str], above: str) -> bool:
    """Whether the block is certainly meant for the client: announced above, or services that everybody knows."""
    if _POINTS_BELOW.search(above) or _HEADING.search(block[0]):
        return True
    private = any(_MAIL.search(line) or _POSTAL.search(_PHONE.sub("", line)) for line in block)
    if private:
        return False
    listed = sum(1 for line in block if _PHONE.search(line) and _BARE.sub("", _LABELS.sub("", _PHONES.sub("", line))))
    if listed >= 3 or _SERVICE.search(block[0]):
        return True  # several places to call, or one that everybody knows
    public = sum(1 for line in block if _PUBLIC.search(line))
    return public > 1 or (public > 0 and all(_PUBLIC.search(line) or not _PHONE.search(line) for line in block))
