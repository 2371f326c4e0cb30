"""``dataclasses.replace`` for values that change several times a mail.

It runs ``__init__`` over all fields, 20 µs for a case; a copy of the fields is made at the speed of C. Only for frozen
dataclasses without ``__slots__`` and ``__post_init__``; others take the usual way.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a type checker knows the fields of the one that it knows
    from dataclasses import replace as replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """The value with these fields changed. TypeError where there is no such field."""
        kind = type(value)
        fields = _plain_fields(kind)
        if fields is None:
            return dataclasses.replace(value, **changes)
        if not changes.keys() <= fields:
            raise TypeError(f"{kind.__name__} has no field {sorted(changes.keys() - fields)[0]}")
        new = object.__new__(kind)
        new.__dict__.update(value.__dict__)
        new.__dict__.update(changes)
        return new


@cache
def _plain_fields(kind: type) -> frozenset[str] | None:
    """The fields of a class that a copy of its ``__dict__`` is enough for; None for any other."""
    fields = dataclasses.fields(kind)
    slotted = any("__slots__" in one.__dict__ for one in kind.__mro__)
    if slotted or hasattr(kind, "__post_init__") or not all(one.init for one in fields):
        return None
    return frozenset(one.name for one in fields)
