"""Lines that start with ``#`` at the top of a counselor's reply (rules P4), Japanese and English, any width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

_NAMES: dict[str, tuple[str, ...]] = {
    "close": ("close", "終了", "終わり", "クローズ"),
    "hold": ("hold", "保留"),
    "decline": ("decline", "お断り", "おことわり", "断り", "辞退"),
    "spam": ("spam", "迷惑メール", "スパム"),
    "note": ("note", "メモ", "覚書"),
    "send": ("send", "送信"),
    "reopen": ("reopen", "再開"),
    "suspend": ("suspend", "利用停止", "停止"),
    "disclose": ("disclose", "開示"),
    "accept_address": ("accept-address", "アドレス追加", "アドレス承認"),
    "interim": ("interim", "途中連絡", "中間連絡", "中間"),
    "no_reply": ("no-reply", "noreply", "返信不要", "返信なし"),
    "end": ("end", "本人希望", "本人希望で終了"),
    "taken": ("taken", "対応します", "対応中"),
    "clear_crisis": ("clear-crisis", "危機解除", "緊急解除"),
    "refer": ("refer", "紹介"),
    "ask_doctor": ("ask-doctor", "主治医確認", "主治医"),
    "ask_publication": ("ask-publication", "公開確認", "掲載確認"),
    "status": ("status", "状況", "状態"),
    "help": ("help", "ヘルプ", "使い方"),
    "assign": ("assign", "担当", "割り当て"),
    "approve": ("approve", "承認", "確認済み"),
    "unassign": ("unassign", "担当解除"),
}

_REASONS: dict[str, tuple[str, ...]] = {
    "prank": ("prank", "いたずら", "悪戯"),
    "urgent": ("urgent", "緊急", "至急"),
    "crisis": ("crisis", "危機", "自殺", "命の危険"),
    "illegal": ("illegal", "違法", "犯罪"),
    "out_of_scope": ("out_of_scope", "out-of-scope", "scope", "対象外", "範囲外"),
    "abuse": ("abuse", "暴言", "脅迫", "侮辱"),
}

NEEDS_ARGUMENT = frozenset({"decline", "accept_address", "refer", "assign"})
# nothing may stand behind these on their line: it would be swallowed, and it may have been meant for somebody
ALONE = frozenset({"close", "end", "spam", "send", "reopen", "no_reply", "approve", "ask_doctor", "ask_publication"})
# these go with text below them; all others are orders of their own
WITH_TEXT = frozenset({"note", "send", "interim", "refer", "close", "end", "clear_crisis"})

_MAIL = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")


@dataclass(frozen=True, slots=True)
class Order:
    """One line as understood; ``fault`` says why it cannot be carried out."""

    raw: str = field(repr=False)
    name: str | None = None
    argument: str = field(default="", repr=False)
    fault: str | None = None  # "unknown", "unexpected", "needs_argument", "unknown_reason", "not_an_address"


def fold(text: str) -> str:
    """Half-width, lower case, hyphens and underscores alike."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return re.sub(r"[\u2010-\u2015\u2212\uff0d_]", "-", folded)


_BY_WORD = {fold(word): name for name, words in _NAMES.items() for word in words}
_BY_REASON = {fold(word): reason for reason, words in _REASONS.items() for word in words}


def read(line: str) -> Order:
    """Understand one line that starts with ``#`` or ``＃``."""
    original = unicodedata.normalize("NFKC", line).strip().lstrip("#").strip()
    word, *rest = _AFTER_WORD.split(original, maxsplit=1)
    argument = rest[0].strip() if rest else ""
    name = _BY_WORD.get(fold(word).strip(_TRAILING))
    if name is None:
        # a phone keyboard leaves out the space: #お断り対象外. Only where what follows can be checked or is never sent:
        # #終了できません must not end a case
        known = next((one for one in _GLUED if fold(original).startswith(one)), None)
        if known is None:
            return Order(line, None, "", "unknown")
        name, argument = _BY_WORD[known], original[len(known) :].strip()
    return _checked(line, name, argument)


_AFTER_WORD = re.compile(r"[\s:、]+")
_TRAILING = "。.!"
_GLUED = sorted(
    (word for word, name in _BY_WORD.items() if name in NEEDS_ARGUMENT | {"note"} and not word.isascii()),
    key=len,
    reverse=True,
)


# orders of booking desks (rules B): meant for us at any desk
_OF_BOOKINGS = frozenset(
    ("confirm", "cancel", "move", "offer", "attended", "noshow", "book", "propose-session", "ask-decision")
)


def is_order(line: str) -> bool:
    """Whether a line begins with one of the orders, whatever stands behind it."""
    plain = fold(line)
    if not plain.startswith("#"):
        return False
    plain = plain.lstrip("#").strip()
    word = _AFTER_WORD.split(plain, maxsplit=1)[0].strip(_TRAILING)
    return word in _BY_WORD or word in _OF_BOOKINGS or any(plain.startswith(one) for one in _GLUED)


def _checked(line: str, name: str, argument: str) -> Order:
    if "#" in argument:
        return Order(line, None, "", "unknown")  # two orders on one line: which of them holds for the text below?
    if name in ALONE and argument:
        return Order(line, name, "", "unexpected")
    if name in NEEDS_ARGUMENT and not argument:
        return Order(line, name, "", "needs_argument")
    if name == "decline":
        reason = _BY_REASON.get(fold(argument).strip("。. "))
        if reason is None and fold(argument) == "spam":
            return Order(line, "spam")
        return Order(line, name, reason or "", None if reason else "unknown_reason")
    if name == "accept_address":
        found = _MAIL.search(argument)
        return Order(line, name, found[0].lower() if found else "", None if found else "not_an_address")
    return Order(line, name, argument)


_SHARP = re.compile(r"[♯⌗＃]")


def disguised(body: str) -> bool:
    """Whether one of the first lines holds an order in another shape: in brackets, behind a bullet, with ♯. It was
    meant for us, so nothing of it may reach the client (P4)."""
    lines = [line for line in body.splitlines() if line.strip()][:3]
    for line in lines:
        folded = fold(_SHARP.sub("#", line))
        for found in re.finditer(r"#+\s*([^\s#」』】)\]\"'*。、]{1,20})", folded):
            word = found[1]
            if word in _BY_WORD or any(word.startswith(known) for known in _BY_WORD if not known.isascii()):
                return True
    return False


def read_all(lines: Sequence[str]) -> tuple[Order, ...]:
    """All lines, in order."""
    return tuple(read(line) for line in lines)
