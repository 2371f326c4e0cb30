"""The letters of one desk, each compiled for this desk at its first use.

What ``Templates.render`` says of a letter with ``fixed`` among its values, this says too, in a fraction of the time; a
test holds one against the other. Whatever goes wrong here is done again there: the files as they are know the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from jinja2 import Environment, Template, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context

from maild.compose.folding import folded, has, is_pure
from maild.compose.render import Rendered, Templates
from maild.desk.rules import Terms

_MOST_KEPT = 64
# Values that are nobody's own words: a text made of these alone may be kept for the next client.
_IMPERSONAL: Final = frozenset((bool, int, type(None), date, Terms))
_MISSING: Final = object()
_SUBJECT = "Subject:"


class _Parts:
    """A letter as subject and text, where its first line stands for itself."""

    def __init__(
        self,
        environment: Environment,
        trees: Sequence[nodes.Template],
        name: str,
        fixed: Mapping[str, object],
    ) -> None:
        subject, text = (Template.from_code(environment, environment.compile(one, name, name), {}) for one in trees)
        self._subject = subject.root_render_func
        self._text = text.root_render_func
        self._environment = environment
        self._name = name
        self._base = {**environment.globals, **fixed}
        self._kept: dict[tuple[object, ...], str] = {}
        #: What the text depends on; None where that is not all of it.
        self.depends: tuple[str, ...] | None = None
        if is_pure(trees[1], environment):
            self.depends = tuple(sorted(find_undeclared_variables(trees[1]) - fixed.keys()))

    def rendered(self, values: Mapping[str, object]) -> Rendered | None:
        """With these values; None where the first line does not end with the subject after all."""
        # the context that Template.render makes costs as much as a letter: it looks through all globals again
        context = Context(self._environment, {**self._base, **values}, self._name, {})
        first = "".join(self._subject(context))
        if "\n" in first or not first.startswith(_SUBJECT):
            return None
        key = self._same_for_all(values)
        text = self._kept.get(key) if key is not None else None
        if text is None:
            text = "".join(self._text(context)).strip("\n") + "\n"
            if key is not None:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = text
        return Rendered(first.removeprefix(_SUBJECT).strip(), text, key is not None)

    def _same_for_all(self, values: Mapping[str, object]) -> tuple[object, ...] | None:
        """All that the text depends on, where nothing of it is about one client alone: such a text is made once."""
        if self.depends is None:
            return None
        found: list[object] = []
        for name in self.depends:
            value = values.get(name, _MISSING)
            if value is not _MISSING and type(value) not in _IMPERSONAL:
                return None
            found += (type(value), value)  # True and 1 are equal, but do not read the same
        return tuple(found)


class DeskLetters:
    """``fixed``: what is the same in every letter of the desk."""

    def __init__(self, templates: Templates, fixed: Mapping[str, object]) -> None:
        self._templates = templates
        self._fixed = dict(fixed)
        self._known: dict[str, _Parts | None] = {}

    def render(self, name: str, values: Mapping[str, object]) -> Rendered:
        """One letter; ``values``: all but what is fixed. Raises ``TemplateFault``."""
        try:
            parts = self._known[name] if name in self._known else self._compiled(name)
            if parts is not None and self._fixed.keys().isdisjoint(values):
                found = parts.rendered(values)
                if found is not None:
                    return found
        except Exception:  # told by the long way, with the line
            self._known.setdefault(name, None)
        return self._templates.render(name, {**self._fixed, **values})

    def _compiled(self, name: str) -> _Parts | None:
        self._known[name] = None
        environment, source = self._templates.source(name)
        halves = _halves(source)
        if halves is None:
            return None
        try:
            trees = [folded(environment, half, self._fixed) for half in halves]
        except TemplateError:  # a block that goes on behind the first line
            return None
        subject, text = trees
        if subject is None or text is None or has(subject, nodes.Assign, nodes.AssignBlock):
            return None
        parts = self._known[name] = _Parts(environment, (subject, text), f"{name}.j2", self._fixed)
        return parts


def _halves(source: str) -> tuple[str, str] | None:
    """The first line and the rest; None where what stands at the line's end decides upon both."""
    first, end, rest = source.partition("\n")
    if not end or not first.startswith(_SUBJECT) or first.endswith(("%}", "#}", "-}}")):
        return None
    return None if rest.lstrip().startswith(("{%-", "{{-", "{#-")) else (first, rest)
