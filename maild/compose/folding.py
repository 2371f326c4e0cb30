"""A template with what is the same in all letters of one desk worked out before it is compiled.

The desk's names and addresses, its rules and the marks do not change while maild runs. What a template asks of them
becomes a constant, a branch that such a constant decides is taken or left out, and neighbours that are constant become
one text. What is left to do for a letter is what differs from letter to letter. The words stay the template's own, and
every expression is evaluated by the sandbox as ever, only earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.optimizer import optimize
from jinja2.visitor import NodeTransformer

_PLAIN = frozenset((str, int, bool, type(None)))
# What asks for other templates, or gives names of its own a meaning beyond the template.
_NOT_ALONE = (
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block, nodes.Macro, nodes.CallBlock,
    nodes.ScopedEvalContextModifier,
)  # fmt: skip


def folded(environment: Environment, source: str, fixed: Mapping[str, object]) -> nodes.Template | None:
    """The template with ``fixed`` worked in; None for one that needs others."""
    tree = environment.parse(source)
    if has(tree, *_NOT_ALONE):
        return None
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}  # set or looped over in the template
    names = {name: value for name, value in fixed.items() if name not in own}
    for step in (_Names(environment, names), _Branches(environment)):
        step.visit(tree)
        optimize(tree, environment)
    return tree


def has(tree: nodes.Node, *kinds: type[nodes.Node]) -> bool:
    """Whether a node of these kinds stands in it."""
    return any(tree.find(kind) is not None for kind in kinds)


def is_pure(tree: nodes.Template, environment: Environment) -> bool:
    """Whether the same values always make the same text: without the ``random`` filter, and without what Jinja2 gives
    every template, some of which goes by chance or counts."""
    return not any(one.name == "random" for one in tree.find_all(nodes.Filter)) and not any(
        one.name in environment.globals for one in tree.find_all(nodes.Name)
    )


class _Names(NodeTransformer):
    """Attributes of fixed values, and look-ups in tables of constants, as constants."""

    def __init__(self, environment: Environment, fixed: Mapping[str, object]) -> None:
        self._environment = environment
        self._fixed = fixed

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        if node.ctx == "load" and isinstance(node.node, nodes.Name) and node.node.name in self._fixed:
            value = self._environment.getattr(self._fixed[node.node.name], node.attr)
            if type(value) in _PLAIN:
                return nodes.Const(value, lineno=node.lineno, environment=self._environment)
        return self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """``{"booking": "予約"}.get(desk.kind, "相談")``."""
        self.generic_visit(node)
        of = node.node
        if not isinstance(of, nodes.Getattr) or of.attr != "get" or not isinstance(of.node, nodes.Dict):
            return node
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            return node
        try:
            value = of.node.as_const().get(*[one.as_const() for one in node.args])
        except Exception:  # not constant, or no right call: left to the letter
            return node
        if type(value) not in _PLAIN:
            return node
        return nodes.Const(value, lineno=node.lineno, environment=self._environment)


class _Branches(NodeTransformer):
    """Branches that are decided, blocks of a filter whose text is known, and neighbours put together."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def generic_visit(self, node: nodes.Node, *args: Any, **named: Any) -> nodes.Node:
        """Put together what became neighbours below."""
        super().generic_visit(node, *args, **named)
        for _, value in node.iter_fields():
            if isinstance(value, list) and any(isinstance(one, nodes.Output) for one in value):
                value[:] = _joined(value)
        return node

    def visit_If(self, node: nodes.If) -> nodes.Node | list[nodes.Node]:
        self.generic_visit(node)
        if not isinstance(node.test, nodes.Const):
            return node
        if node.test.value:
            return node.body
        if not node.elif_:
            return node.else_
        first, *others = node.elif_
        rest = nodes.If(first.test, first.body, others, node.else_, lineno=first.lineno, environment=self._environment)
        found: nodes.Node | list[nodes.Node] = self.visit_If(rest)
        return found

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:
        self.generic_visit(node)
        text = _text_of(node.body)
        if text is None:
            return node
        first = node.filter
        while isinstance(first.node, nodes.Filter):
            first = first.node
        first.node = nodes.Const(text, lineno=node.lineno, environment=self._environment)
        try:
            value = node.filter.as_const()
        except nodes.Impossible:
            first.node = None
            return node
        data = nodes.TemplateData(value, lineno=node.lineno, environment=self._environment)
        return nodes.Output([data], lineno=node.lineno, environment=self._environment)


def _joined(body: Iterable[nodes.Node]) -> list[nodes.Node]:
    """The same statements, with outputs beside each other as one and their constant texts as one."""
    found: list[nodes.Node] = []
    for one in body:
        if not isinstance(one, nodes.Output):
            found.append(one)
            continue
        last = found[-1] if found else None
        if not isinstance(last, nodes.Output):
            last = nodes.Output([], lineno=one.lineno, environment=one.environment)
            found.append(last)
        for part in one.nodes:
            text, before = _constant(part), _constant(last.nodes[-1]) if last.nodes else None
            if text is not None and before is not None:
                data = nodes.TemplateData(before + text, lineno=last.nodes[-1].lineno, environment=one.environment)
                last.nodes[-1] = data
            else:
                last.nodes.append(part)
    return found


def _constant(part: nodes.Node) -> str | None:
    if isinstance(part, nodes.TemplateData):
        return part.data
    return str(part.value) if isinstance(part, nodes.Const) else None


def _text_of(body: Iterable[nodes.Node]) -> str | None:
    """What a body says, where it is constant."""
    parts = [part for one in body if isinstance(one, nodes.Output) for part in one.nodes]
    if len(parts) > 1 or any(not isinstance(one, nodes.Output) for one in body):
        return None
    return _constant(parts[0]) if parts else ""
