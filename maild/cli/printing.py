"""JSON for whatever terminal or pipe stands at the other end."""

from __future__ import annotations

import json
import sys


def document(value: object, indent: int | None = None) -> str:
    """A JSON text. JSON is UTF-8 (RFC 8259, 8.1): where the locale is another, everything past ASCII is escaped."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")
    return json.dumps(value, ensure_ascii=not utf8, indent=indent)
