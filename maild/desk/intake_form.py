"""A mail that a configured web form sent (rules I3): fields by their labels, consent that must be ticked."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping

from maild.desk.intake_labels import WIDTH, labelled, vocabulary

_TICKED = re.compile(
    r"(?:[\[(（]?[☑✓✔✅レ■●◉○◯〇◎xX][\])）]?\s*)?(?:はい|同意(?:し(?:ます|ました|た)|する|済み?|あり|いたします)?|承諾(?:し(?:ます|ました)|する|済み?)?|了承(?:し(?:ます|ました)|する)?|確認(?:し(?:ました|ます)|済み?)|チェック(?:あり|済み?|しました)?|選択(?:済み?|あり)|on|1|yes|y|true|checked|agreed?|ok|i agree|accepted)?"
    r"\s*[。.]?",
    re.I,
)
_UNTICKED = re.compile(r"しない|しません|いいえ|未|☐|□|なし|\bno\b|\boff\b|\bfalse\b|^0$|\[\s*\]|\(\s*\)", re.I)


def _ticked(value: str) -> bool:
    plain = WIDTH(value).strip()
    if not plain or _UNTICKED.search(plain):
        return False
    return bool(_TICKED.fullmatch(plain)) or bool(
        re.match(r"[☑✓✔✅]|.{0,60}(?:同意(?:し|する)|承諾(?:し|する)|了承(?:し|する)|i agree)", plain, re.I)
    )


def parse_form(text: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form mail: ``fields`` maps an item, ``email`` or ``consent:NAME`` to its label.

    Values are as written, of several lines where they are. A consent is in the answer, as ``yes``, only when ticked.
    The address is a bare address. What is empty is not in the answer. Never raises.
    """
    body = text.replace("\r\n", "\n").replace("\r", "\n")[:200_000]
    words = vocabulary(tuple((name, (label, _plain(label))) for name, label in fields.items()))
    own = {_plain(label) for label in fields.values()}
    every = labelled(body, words)
    entries = [e for e in every if _plain(body[e.start : e.value_start]) in own]
    starts = [e.start for e in every]
    found: dict[str, str] = {}
    refused: set[str] = set()
    for number, entry in enumerate(entries):
        end = entries[number + 1].start if number + 1 < len(entries) else len(body)
        for item in entry.items:
            if item not in fields:
                continue
            if item.startswith("consent"):
                # ticked wherever it stands: one that a client typed into a text does not stand in for the box
                value = body[entry.value_start : end].strip().split("\n")[0].strip("| \t")
                if not _ticked(value):
                    refused.add(item)
                elif item not in found:
                    found[item] = "yes"
            elif item in found:
                continue
            elif item == "email":
                value = WIDTH(_value(body, entry.value_start, end))
                if address := re.search(r"(?<![^\s<>()\"',;:])[^\s<>()\"',;:|]+@[^\s<>()\"',;:|]+", value):
                    found[item] = address[0]
            elif item == "content":
                if value := _value(body, entry.value_start, end):
                    found[item] = value
            else:
                at = bisect_left(starts, entry.value_start)
                until = min(end, starts[at]) if at < len(starts) else end
                if other := _OTHER_FIELD.search(body, entry.value_start, until):
                    until = other.start()
                if value := _value(body, entry.value_start, until):
                    found[item] = value
    return {item: value for item, value in found.items() if item not in refused}


# the line of a field that the desk does not ask for: ふりがな：…, 学校名 : …; no time of day, no address of a page
_OTHER_FIELD = re.compile(r"(?<=\n)[ \u3000]*\W{0,2}(?!https?:)[^\W\d][^\s:：。、]{0,15}[】\]]?[ \u3000]*[:：]")
_FOOT = re.compile(r"\n[-=_*━─―]{5,}[\s\S]*$|\n--\s*\n[\s\S]*$")


def _value(body: str, start: int, end: int) -> str:
    return _FOOT.sub("", body[start:end].strip()).strip(" \u3000\n\t-=_*━─―[【■▼◆●|")


def _plain(label: str) -> str:
    """A label without its dress: 1. お名前（必須）： is お名前."""
    plain = WIDTH(label).lower().strip()
    plain = re.sub(r"[(\[][^)\]]*[)\]]\s*(?=[*:=|\s]*$)", lambda m: m[0] if m.start() == 0 else "", plain)
    return re.sub(r"^(?:[^\w]|\d{1,2}[.)])+|[^\w]+$|必須|任意|[ _]", "", plain)
