"""Templates to subject and text: sandboxed Jinja2 in which an undefined name is an error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import BuiltinMethodType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.errors import UserError

_OF_DICT = frozenset(dir(dict))
_OF_LOOPS = frozenset(
    ("_loop_vars", "_block_vars")
)  # what compiled templates hand on for those who ask for the context
_INCLUDE = re.compile(r'(?:(?m:^)[ \t]+)?\{% include "(?P<name>[\w./-]+)" (?P<sign>\+?)%\}(?P<end>\n?)')
_MOST_DEEP = 8  # includes within includes
_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as text. ``same_for_all``: nothing of its text is about one client alone."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    same_for_all: bool = False


class TemplateFault(UserError):
    """A template that cannot be used; the message names the file, the line and what is wrong."""


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way for what it allows anyway: reading a plain attribute of one of our values, an entry
    of a dictionary, and the ``get`` of one.

    The sandbox asks of every object at every attribute whether it is a function, a frame, a set …; an instance of a
    dataclass or structure is none of these, so only the name is left to ask about.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._plain: set[type] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute in a template."""
        kind = type(obj)
        if kind is dict:
            if attribute == "get":
                return obj.get
            if attribute in obj and attribute not in _OF_DICT:
                return obj[attribute]
        elif kind in self._plain or self._is_plain(kind):
            try:
                if attribute[0] != "_":
                    return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call in a template."""
        if (
            type(__obj) is BuiltinMethodType
            and type(__obj.__self__) is dict
            and __obj.__name__ == "get"
            and kwargs.keys() <= _OF_LOOPS
        ):
            return __obj(*args)
        return super().call(__context, __obj, *args, **kwargs)

    def _is_plain(self, kind: type) -> bool:
        if is_dataclass(kind) or issubclass(kind, msgspec.Struct):
            self._plain.add(kind)
            return True
        return False


class _Inlined(BaseLoader):
    """Templates with what they include put in its place: a letter includes half a dozen parts, and each of them costs
    a context of its own. What an include does to line ends stays: ``{{ "" }}`` keeps the end of a part from being
    trimmed together with the line it stands in."""

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = loader

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, fresh = self._loader.get_source(environment, template)
        return self._inline(environment, source, 0), path, fresh

    def _inline(self, environment: Environment, source: str, depth: int) -> str:
        def part(match: re.Match[str]) -> str:
            inner, _, _ = self._loader.get_source(environment, match["name"])
            whole = self._inline(environment, inner.removesuffix("\n"), depth + 1)
            # trim_blocks takes the line end behind a tag, unless ``+%}`` keeps it
            return whole + '{{ "" }}' + (match["end"] if match["sign"] == "+" else "")

        return source if depth > _MOST_DEEP else _INCLUDE.sub(part, source)


class Templates:
    """The templates of one desk: its own overrides first, then those of its language."""

    def __init__(self, root: Path, desk: str, language: str, timezone: str) -> None:
        self._language = language
        self._zone = ZoneInfo(timezone)
        loader = ChoiceLoader([FileSystemLoader(root / "desks" / desk), FileSystemLoader(root / language)])
        self._environment = self._made(loader)
        self._inlined = self._made(_Inlined(loader))
        self._known: dict[str, Template] = {}

    def _made(self, loader: BaseLoader) -> _Environment:
        environment = _Environment(
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            auto_reload=False,
        )
        environment.filters |= {"jdate": self.jdate, "jtime": self.jtime, "quote": quote, "wrap": wrap}
        return environment

    def render(self, name: str, values: Mapping[str, object]) -> Rendered:
        """Subject and text of one letter. Raises :class:`TemplateFault`."""
        try:
            whole = self._whole(name, values)
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

    def source(self, name: str) -> tuple[Environment, str]:
        """A template as it is compiled, what it includes in its place, and the sandbox it runs in."""
        assert self._inlined.loader is not None
        return self._inlined, self._inlined.loader.get_source(self._inlined, f"{name}.j2")[0]

    def _whole(self, name: str, values: Mapping[str, object]) -> str:
        template = self._known.get(name)
        try:
            if template is None:
                template = self._known[name] = self._inlined.get_template(f"{name}.j2")
            return template.render(values)
        except Exception:  # once more from the files as they are, which know the line that is wrong
            return self._environment.get_template(f"{name}.j2").render(values)

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
