"""Every message of the corpus yields the facts that stand beside it (rules M3, M5, M6, A2)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from maild.mail import body, mended, parse, structure
from maild.mail.facts import Facts

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus" / "mail"))
charsets, headers, parts, kinds, builders = map(
    importlib.import_module, ("mail_charsets", "mail_headers", "mail_parts", "mail_kinds", "mail_builders")
)
sys.path.pop(0)

CASES = [*charsets.CASES, *headers.CASES, *parts.CASES, *kinds.CASES]


def _seen(facts: Facts, name: str, wanted: Any) -> Any:
    value = getattr(facts, name)
    if name == "attachments":
        return tuple((each.name, each.type, each.bytes) for each in value)
    return set(value) & wanted if name == "defects" else value


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_facts(case: Any) -> None:
    facts = parse.read(case.raw, **case.call)
    assert {name: _seen(facts, name, wanted) for name, wanted in case.facts.items()} == case.facts


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_crlf_makes_no_difference(case: Any) -> None:
    """The same mail with network line ends: the same facts, but for sizes of what was not encoded."""
    raw = case.raw
    if b"\r" in raw or case.name.startswith(("UTF-16", "unreadable")):
        pytest.skip("line ends are what it is about")
    one, other = parse.read(raw, **case.call), parse.read(raw.replace(b"\n", b"\r\n"), **case.call)
    for name in ("kind", "from_address", "from_name", "to", "subject", "message_id", "references", "text", "automatic"):
        assert getattr(one, name) == getattr(other, name), name
    assert [each.name for each in one.attachments] == [each.name for each in other.attachments]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_paths_are_equal(case: Any) -> None:
    """A mail of one text does not go through mail-parser; if it did, the outcome would be the same (M5)."""
    facts = parse.read(case.raw, **case.call)
    if facts.kind == "unreadable":
        pytest.skip("nothing to hand on")
    message = structure.to_message(structure.read(case.raw, []))
    fields = [("From", facts.from_address), ("Subject", facts.subject)]
    view = mended.view(mended.mend(message, fields, facts.text, facts.attachments))
    assert view is not None
    assert "".join(view.texts) == facts.text
    assert len(view.attachments) == len(facts.attachments)
    named = [each.name for each in facts.attachments]
    assert [theirs for (theirs, _), ours in zip(view.attachments, named, strict=True) if ours] == [
        n for n in named if n
    ]
    assert not {"mail_parser_failed", "mail_parser_disagrees"} & set(facts.defects)


def test_text_is_all_of_it_or_none() -> None:
    """A nested message's text never flows into the text of the mail that carries it (A2, K1)."""
    inner = b"From: a@b.example\n\ninner words\n"
    raw = builders.whole(builders.multi("mixed", builders.T, builders.part(builders.ctype("message/rfc822"), inner)))
    assert "inner" not in body.read(structure.read(raw, []), []).text
