"""A mail that a configured web form sent (rules I3): fields by their labels, consent that must be ticked."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Mapping

from maild.desk.intake_labels import WIDTH, labelled, vocabulary

_TICKED = re.compile(
    r"(?:[\[(（]?[☑✓✔✅レ■●◉xX][\])）]?\s*)?(?:はい|同意(?:し(?:ます|ました|た)|する|済み?|あり|いたします)?|承諾(?:し(?:ます|ました)|する|済み?)?|了承(?:し(?:ます|ました)|する)?|確認(?:し(?:ました|ます)|済み?)|on|1|yes|y|true|checked|agreed?|ok|i agree|accepted)?"
    r"\s*[。.]?",
    re.I,
)
_UNTICKED = re.compile(r"しない|しません|いいえ|未|☐|□|なし|\bno\b|\boff\b|\bfalse\b|^0$", re.I)


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
    words = vocabulary(tuple((name, (label,)) for name, label in fields.items()))
    own = {WIDTH(label).lower().replace(" ", "").replace("_", "") for label in fields.values()}
    entries = [e for e in labelled(body, words) if _label(body, e.start, e.value_start) in own]
    found: dict[str, str] = {}
    for number, entry in enumerate(entries):
        end = entries[number + 1].start if number + 1 < len(entries) else len(body)
        value = body[entry.value_start : end].strip()
        value = re.sub(r"\n[-=_*━─―]{5,}[\s\S]*$|\n--\s*\n[\s\S]*$", "", value).strip(" \u3000\n-=_*━─―[【■▼◆●")
        for item in entry.items:
            if item not in fields or item in found:
                continue
            if item.startswith("consent"):
                if _ticked(value.split("\n")[0]):
                    found[item] = "yes"
            elif item == "email":
                if address := re.search(r"[^\s<>()（）\"',;:：]+@[^\s<>()（）\"',;:：]+", WIDTH(value)):
                    found[item] = address[0]
            elif value:
                found[item] = value
    return found


def _label(body: str, start: int, end: int) -> str:
    plain = WIDTH(body[start:end]).lower()
    plain = re.sub(r"[(（\[][^)）\]]*[)）\]]\s*(?=[:=|\s]*$)", lambda m: m[0] if m.start() == 0 else "", plain)
    return re.sub(r"^(?:[^\w]|\d{1,2}[.)])+|[^\w]+$|必須|任意|[ _]", "", plain)
