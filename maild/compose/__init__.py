"""Decisions to RFC 5322 bytes, from templates/."""

from maild.compose.desk_letters import DeskLetters
from maild.compose.message import Draft, compose, payload_of
from maild.compose.render import Rendered, Templates

__all__ = ["DeskLetters", "Draft", "Rendered", "Templates", "compose", "payload_of"]
