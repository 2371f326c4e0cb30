"""A rehearsal's scenario: TOML to steps, with every fault in words an operator understands (interfaces.md)."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maild.errors import UserError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_STEP_KEYS = {"after", "at", "mail", "counselor", "bounce"}
_MAIL_KEYS = {"from", "to", "subject", "text", "html", "attach", "answers", "headers", "eml"}
_COUNSELOR_KEYS = {"from", "text", "case", "notice", "attach", "headers", "subject"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A made-up attachment of the given size."""

    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step, at its instant."""

    number: int
    at: datetime
    mail: Mapping[str, Any] | None = field(default=None, repr=False)
    counselor: Mapping[str, Any] | None = field(default=None, repr=False)
    bounce: str | None = None


def load(path: Path) -> tuple[datetime, tuple[Step, ...]]:
    """Start and steps of a scenario file. Raises UserError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a scenario file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from error
    unknown = set(data) - {"start", "step"}
    if unknown:
        raise UserError(f"{path}: unknown key {sorted(unknown)[0]!r}; allowed: start, [[step]]")
    now = start = _instant(data.get("start"), f"{path}: start")
    steps = []
    listed = data.get("step", [])
    if not isinstance(listed, list):
        raise UserError(f"{path}: step is a list of tables: write [[step]]")
    for number, raw in enumerate(listed):
        where = f"{path}: step {number}"
        if not isinstance(raw, dict):
            raise UserError(f"{where}: must be a [[step]] table")
        now = _when(raw, now, where)
        steps.append(_step(raw, number, now, where, path.parent))
    return start, tuple(steps)


def _when(raw: Mapping[str, Any], now: datetime, where: str) -> datetime:
    if "at" in raw and "after" in raw:
        raise UserError(f"{where}: 'at' and 'after' exclude each other")
    if "at" not in raw:
        try:
            return now + span(raw.get("after", "0s"), where)
        except OverflowError as error:
            raise UserError(f"{where}: after leads past the end of the calendar") from error
    at = _instant(raw["at"], f"{where}: at")
    if at < now:
        raise UserError(f"{where}: at is before the step before; time only moves forward")
    return at


def span(text: object, where: str) -> timedelta:
    """``45s``, ``10m``, ``2h``, ``3d``, sums such as ``1d12h``."""
    if not isinstance(text, str) or not text or _SPAN.sub("", text.replace(" ", "")):
        raise UserError(f"{where}: after = {text!r}: write 45s, 10m, 2h, 3d or sums such as 1d12h")
    try:
        return timedelta(seconds=sum(float(amount) * _UNITS[unit] for amount, unit in _SPAN.findall(text)))
    except OverflowError as error:
        raise UserError(f"{where}: after = {text!r} is too long") from error


def _instant(value: object, where: str) -> datetime:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UserError(f"{where}: write an ISO 8601 instant with its offset, such as 2026-01-05T09:00:00+09:00")
    return value


def _step(raw: Mapping[str, Any], number: int, at: datetime, where: str, folder: Path) -> Step:
    unknown = set(raw) - _STEP_KEYS
    if unknown:
        raise UserError(f"{where}: unknown key {sorted(unknown)[0]!r}; allowed: {', '.join(sorted(_STEP_KEYS))}")
    acts = [key for key in ("mail", "counselor", "bounce") if key in raw]
    if len(acts) > 1:
        raise UserError(f"{where}: a step does one thing; this one has {' and '.join(acts)}")
    mail = _part(raw, "mail", _MAIL_KEYS, where)
    counselor = _part(raw, "counselor", _COUNSELOR_KEYS, where)
    if mail is not None:
        mail = _mail(mail, where, folder)
    if counselor is not None:
        for key in ("case", "notice"):
            if key in counselor and (not isinstance(counselor[key], int) or counselor[key] < 1):
                raise UserError(f"{where}: counselor.{key} is a number from 1")
        counselor["attach"] = _attachments(counselor.get("attach", []), where)
    bounce = raw.get("bounce")
    if bounce is not None and not (isinstance(bounce, str) and re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", bounce)):
        raise UserError(f"{where}: bounce is a status code such as 5.1.1 or 4.2.2")
    return Step(number, at, mail, counselor, bounce)


def _part(raw: Mapping[str, Any], key: str, allowed: set[str], where: str) -> dict[str, Any] | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise UserError(f"{where}: {key} is a table: {key}.from, {key}.text …")
    unknown = set(value) - allowed
    if unknown:
        raise UserError(f"{where}: unknown key {key}.{sorted(unknown)[0]}; allowed: {', '.join(sorted(allowed))}")
    headers = value.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(one, str) for one in headers.values()):
        raise UserError(f"{where}: {key}.headers is a table of texts")
    return dict(value)


def _mail(mail: dict[str, Any], where: str, folder: Path) -> dict[str, Any]:
    if not isinstance(mail.get("from"), str):
        raise UserError(f"{where}: mail.from is missing: who writes?")
    if mail.get("answers", "none") not in ("last", "none"):
        raise UserError(f'{where}: mail.answers is "last" or "none"')
    if "eml" in mail:
        try:
            mail["raw"] = (folder / str(mail["eml"])).read_bytes()
        except OSError as error:
            raise UserError(
                f"{where}: mail.eml cannot be read ({error.strerror}); it is relative to the scenario"
            ) from error
    mail["attach"] = _attachments(mail.get("attach", []), where)
    return mail


def _attachments(raw: object, where: str) -> tuple[Attachment, ...]:
    if not isinstance(raw, list):
        raise UserError(f"{where}: attach is a list of tables with name, type and bytes")
    found = []
    for one in raw:
        if not isinstance(one, dict) or set(one) - {"name", "type", "bytes"}:
            raise UserError(f"{where}: attach: each has name, type and bytes")
        size = one.get("bytes", 1000)
        if not isinstance(size, int) or not 0 <= size <= 100_000_000:
            raise UserError(f"{where}: attach: bytes is a number up to 100000000")
        found.append(
            Attachment(str(one.get("name", "file.bin")), str(one.get("type", "application/octet-stream")), size)
        )
    return tuple(found)
