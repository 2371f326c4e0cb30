"""``values.replace`` does what ``dataclasses.replace`` does, for every class that the rules change (values.py)."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from maild.desk.case import Case, Thread
from maild.mail.facts import Facts
from maild.mail.values import _plain_fields, replace
from maild.store.records import Entry

AT = datetime(2026, 1, 5, tzinfo=UTC)
VALUES = (
    Case(1, "soudan", "hanako@keitai.example", AT),
    Facts("mail", "hanako@keitai.example", "花子", (), "相談"),
    Entry(1, "soudan", AT, "client"),
    Thread("<a@b.example>"),  # with slots: the usual way
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_one_field_changes_and_the_old_value_stays(value: Any) -> None:
    for field in dataclasses.fields(value):
        changed = replace(value, **{field.name: "something else"})
        assert changed == dataclasses.replace(value, **{field.name: "something else"}) != value
        assert hash(type(changed)) == hash(type(value)) and getattr(changed, field.name) == "something else"
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(value).__setattr__(dataclasses.fields(value)[0].name, 2)
    with pytest.raises(TypeError):
        replace(value, no_such_field=1)


def test_the_values_that_change_most_take_the_short_way() -> None:
    assert all(_plain_fields(kind) for kind in (Case, Facts, Entry)) and _plain_fields(Thread) is None
