"""Decisions to RFC 5322 bytes, from templates/."""

from maild.compose.message import Draft, compose
from maild.compose.render import Rendered, Templates

__all__ = ["Draft", "Rendered", "Templates", "compose"]
