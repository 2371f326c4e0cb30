"""Log lines that cannot hold personal data (rules S2): event codes, numbers and short codes, one line an event.

``get(name).info("mail_accepted", case=12, source="smtp")`` prints ``info maild.pipeline mail_accepted case=12
source=smtp``. A value is a number, a truth value, None, or a short code of letters, digits and ``_.:/-``; anything
else prints as ``<withheld>``. Records of other libraries (aiosmtpd logs addresses, SQLAlchemy logs parameters) are
reduced to where they come from; exceptions everywhere to their types and the lines they passed through, for the
message of an exception may quote the mail. So this holds at every level, and in every traceback.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, TextIO

WITHHELD = "<withheld>"
MAX_FRAMES = 12  # of one exception: the innermost
_TOGETHER = 32  # lines of one write: what is below PIPE_BUF goes into a pipe whole, no other line in its midst
MAX_CHAIN = 6  # exceptions followed through causes, contexts and groups

_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}", re.ASCII)
_MOST_KNOWN = 512
_known: set[str] = set()  # codes that were looked at: events and their fields are few, and every line prints some
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def safe(value: object) -> str:
    """The value as it may stand in a log line."""
    if isinstance(value, str):
        return _safe_text(str.__str__(value))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if type(value) is int:
        # A number as long as this is no count of anything, but may be somebody's telephone number and more.
        return str(value) if -(10**18) < value < 10**18 else WITHHELD
    if type(value) is float:
        return f"{value:.6g}"
    return WITHHELD


def _safe_text(text: str) -> str:
    if text in _known:
        return text
    if _CODE.fullmatch(text) is None:
        return WITHHELD
    if len(_known) < _MOST_KNOWN:
        _known.add(text)
    return text


def trace(error: BaseException) -> str:
    """``ValueError at maild.mail.parse:12>email.parser:88 from KeyError at …``: types and lines, never a message."""
    parts: list[str] = []
    seen: set[int] = set()
    queue: list[tuple[str, BaseException]] = [("", error)]
    while queue and len(parts) < MAX_CHAIN:
        joint, one = queue.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        frames: list[str] = []
        at = one.__traceback__
        while at is not None:
            module = at.tb_frame.f_globals.get("__name__", "?")
            frames.append(f"{safe(module)}:{at.tb_lineno}")
            at = at.tb_next
        kind = safe(f"{type(one).__module__}.{type(one).__qualname__}".removeprefix("builtins."))
        parts.append(f"{joint}{kind} at {'>'.join(frames[-MAX_FRAMES:]) or '-'}")
        if isinstance(one, BaseExceptionGroup):
            queue += [("with ", inner) for inner in one.exceptions]
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is not None:
            queue.append(("from ", cause))
    return " ".join(parts)


def _clean(fields: dict[str, object]) -> dict[str, object]:
    """What is no code never enters a record: other handlers (a test's, a debugger's) see records."""
    return {key: (value if safe(value) != WITHHELD else WITHHELD) for key, value in fields.items()}


class _Reduced(logging.Formatter):
    """One line from a record: ours with its fields, any other library's as its origin only."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self.journal = journal

    def format(self, record: logging.LogRecord) -> str:
        fields: object = getattr(record, "maild_fields", None)
        if isinstance(fields, tuple):
            return "\n".join(self._line(record, one) for one in fields)
        return self._line(record, fields)

    def _line(self, record: logging.LogRecord, fields: object) -> str:
        words = [record.levelname.lower() if record.levelno in _PRIORITY else "other", safe(record.name)]
        if isinstance(fields, dict):
            words.append(safe(record.msg))
            words += [f"{safe(key)}={safe(value)}" for key, value in fields.items()]
        else:
            words.append(f"library at={safe(f'{record.module}:{record.lineno}')}")
        if record.exc_info and record.exc_info[1] is not None:
            words.append("exception=" + trace(record.exc_info[1]))
        line = " ".join(words)
        if self.journal:  # sd-daemon(3): journald reads the priority from the line
            return f"<{_PRIORITY.get(record.levelno, 5)}>{line}"
        return line


class Log:
    """A logger that takes an event code and fields, and nothing that could carry a text."""

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def _write(self, level: int, event: str, fields: dict[str, object], error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            self._hand_on(level, event, _clean(fields), error)

    def _hand_on(self, level: int, event: str, clean: object, error: BaseException | None = None) -> None:
        info = (type(error), error, error.__traceback__) if error is not None else None
        logger = self._logger
        # As ``logger.log`` does, but for the search through the stack for a line that our events do not print.
        record = logger.makeRecord(logger.name, level, "", 0, safe(event), (), info, extra={"maild_fields": clean})
        logger.handle(record)

    def debug(self, event: str, /, **fields: object) -> None:
        """For whoever looks for a fault."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Something happened as it should."""
        self._write(logging.INFO, event, fields)

    def each(self, event: str, every: Sequence[dict[str, object]]) -> None:
        """As ``info`` for each of these: the same lines, many at one go."""
        if self._logger.isEnabledFor(logging.INFO):
            for start in range(0, len(every), _TOGETHER):
                self._hand_on(logging.INFO, event, tuple(map(_clean, every[start : start + _TOGETHER])))

    def warning(self, event: str, /, **fields: object) -> None:
        """Something an operator may want to look at."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, /, *, error: BaseException | None = None, **fields: object) -> None:
        """Something failed; ``error`` is reduced to types and lines."""
        self._write(logging.ERROR, event, fields, error)

    def exception(self, event: str, /, **fields: object) -> None:
        """As ``error``, with the exception that is being handled."""
        self._write(logging.ERROR, event, fields, sys.exc_info()[1])


def get(name: str) -> Log:
    """The logger of a module: ``log = get(__name__)``."""
    return Log(logging.getLogger(name))


def _uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    get("maild").error("uncaught_exception", error=error.with_traceback(at))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        get("maild").error("uncaught_exception_in_thread", error=args.exc_value)


def _unraisable(args: Any) -> None:
    error = args.exc_value
    get("maild").error("unraisable_exception", error=error if isinstance(error, BaseException) else None)


def asyncio_handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For ``loop.set_exception_handler``: the default one writes reprs of tasks and their arguments."""
    error = context.get("exception")
    get("asyncio").error("uncaught_in_loop", error=error if isinstance(error, BaseException) else None)


def install(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Make every way to the log of this process pass through here. Call once, first, in each process."""
    # logging's own error report prints the message and its arguments.
    logging.raiseExceptions = False
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Reduced(journal="JOURNAL_STREAM" in os.environ and stream is sys.stderr))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # A library that brings a handler of its own would write past ours.
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        for old in list(logger.handlers):
            logger.removeHandler(old)
        logger.propagate = True
    logging.lastResort = handler
    # Nobody can act on these reduced lines one by one; they come in thousands.
    for name in ("mail.log", "apscheduler", "sqlalchemy", "alembic", "aioimaplib"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
