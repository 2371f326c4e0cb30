"""Templates to subject and text: sandboxed Jinja2 in which an undefined name is an error."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.errors import UserError

_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as text."""

    subject: str = field(repr=False)
    text: str = field(repr=False)


class TemplateFault(UserError):
    """A template that cannot be used; the message names the file, the line and what is wrong."""


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way for what it allows anyway: reading a plain attribute of one of our values.

    The sandbox asks of every object at every attribute whether it is a function, a frame, a set …; an instance of a
    dataclass is none of these, so only the name is left to ask about.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._plain: set[type] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute in a template."""
        if type(obj) in self._plain or self._is_plain(type(obj)):
            try:
                if attribute[0] != "_":
                    return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def _is_plain(self, kind: type) -> bool:
        if is_dataclass(kind):
            self._plain.add(kind)
            return True
        return False


class Templates:
    """The templates of one desk: its own overrides first, then those of its language."""

    def __init__(self, root: Path, desk: str, language: str, timezone: str) -> None:
        self._language = language
        self._zone = ZoneInfo(timezone)
        self._environment = _Environment(
            loader=ChoiceLoader([FileSystemLoader(root / "desks" / desk), FileSystemLoader(root / language)]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            auto_reload=False,
        )
        self._known: dict[str, Template] = {}
        self._environment.filters |= {"jdate": self.jdate, "jtime": self.jtime, "quote": quote, "wrap": wrap}

    def render(self, name: str, values: Mapping[str, object]) -> Rendered:
        """Subject and text of one letter. Raises :class:`TemplateFault`."""
        try:
            template = self._known.get(name)
            if template is None:
                template = self._known[name] = self._environment.get_template(f"{name}.j2")
            whole = template.render(values)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            at = f" line {line}" if line else ""
            raise TemplateFault(
                f"template {self._language}/{name}.j2{at}: {type(error).__name__}: {error.message}"
            ) from error
        except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError, OverflowError) as error:
            raise TemplateFault(f"template {self._language}/{name}.j2: {type(error).__name__}") from error
        first, _, rest = whole.partition("\n")
        if not first.startswith("Subject:"):
            raise TemplateFault(f"template {self._language}/{name}.j2: the first line must be 'Subject: …'")
        return Rendered(first.removeprefix("Subject:").strip(), rest.strip("\n") + "\n")

    def jdate(self, value: date | datetime | None) -> str:
        """2026年2月9日(月); Monday, 9 February 2026."""
        if value is None:
            return ""
        day = value.astimezone(self._zone).date() if isinstance(value, datetime) else value
        if self._language == "ja":
            return f"{day.year}年{day.month}月{day.day}日({_WEEKDAYS_JA[day.weekday()]})"
        return f"{_WEEKDAYS_EN[day.weekday()]}, {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"

    def jtime(self, value: datetime | None) -> str:
        """2026年2月9日 9:05; 9 February 2026, 9:05."""
        if value is None:
            return ""
        local = value.astimezone(self._zone)
        clock = f"{local.hour}:{local.minute:02d}"
        if self._language == "ja":
            return f"{local.year}年{local.month}月{local.day}日 {clock}"
        return f"{local.day} {_MONTHS_EN[local.month - 1]} {local.year}, {clock}"


def quote(text: object) -> str:
    """Every line with ``> `` before it."""
    return "\n".join(("> " + line).rstrip() for line in str(text).rstrip("\n").split("\n"))


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def wrap(text: object, width: int = 70) -> str:
    """Fold long lines at ``width`` columns; Latin words and addresses stay whole where they fit on a line."""
    folded: list[str] = []
    for line in str(text).split("\n"):
        if len(line) * 2 <= width:
            folded.append(line)
            continue
        row, used, space = "", 0, 0  # space: where the row may break
        for character in line:
            size = _columns(character)
            if used + size > width:
                if character == " ":
                    folded.append(row)
                    row, used, space = "", 0, 0
                    continue
                if size == 1 and 0 < space < len(row):
                    folded.append(row[:space].rstrip())
                    row = row[space:]
                    used = sum(map(_columns, row))
                else:
                    folded.append(row)
                    row, used = "", 0
                space = 0
            row += character
            used += size
            if character == " " or size == 2:
                space = len(row)
        folded.append(row)
    return "\n".join(folded)
