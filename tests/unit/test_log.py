"""rules S2: whatever is logged, by whomever, at whatever level, no personal data comes out."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import log

SENTINEL = "hanako@docomo.example"
WORDS = "死にたい SECRET-42"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (12, "12"),
        (-3, "-3"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "none"),
        ("silence", "silence"),
        ("imap:mx.example:ab12", "imap:mx.example:ab12"),
        ("4.7.1", "4.7.1"),
        (SENTINEL, log.WITHHELD),
        ("two words", log.WITHHELD),
        ("a\nb", log.WITHHELD),
        ("花子", log.WITHHELD),
        ("", log.WITHHELD),
        ("x" * 65, log.WITHHELD),
        (b"bytes", log.WITHHELD),
        (["silence"], log.WITHHELD),
        (10**40, log.WITHHELD),
    ],
)
def test_values(value: object, printed: str) -> None:
    assert log.safe(value) == printed


@given(st.text() | st.binary() | st.dictionaries(st.text(), st.text()) | st.integers() | st.floats())
def test_no_value_brings_a_space_an_at_or_a_line(value: object) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.:/+-]{1,64}|<withheld>", log.safe(value))


def run(program: str, *, journal: bool = False, level: str = "DEBUG") -> str:
    """What a process writes to its standard error, whatever else happens to it."""
    head = f"import maild.log as log\nlog.install({level!r})\nS, W = {SENTINEL!r}, {WORDS!r}\n"
    env = {"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"} | ({"JOURNAL_STREAM": "1:2"} if journal else {})
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", head + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
    )
    return done.stderr


def test_our_own_lines() -> None:
    said = run(
        """
        mine = log.get("maild.pipeline")
        mine.info("mail_accepted", case=12, source="smtp", crisis=False)
        mine.warning("odd", subject=W, sender=S)
        mine.error(W, case=1)
        """
    )
    assert said.splitlines() == [
        "info maild.pipeline mail_accepted case=12 source=smtp crisis=false",
        "warning maild.pipeline odd subject=<withheld> sender=<withheld>",
        "error maild.pipeline <withheld> case=1",
    ]


def test_journald_reads_the_priority() -> None:
    said = run('log.get("maild").error("x"); log.get("maild").debug("y")', journal=True)
    assert said.splitlines() == ["<3>error maild x", "<7>debug maild y"]


def test_level() -> None:
    assert run('log.get("maild").info("x")', level="WARNING") == ""


# Each program tries to bring SENTINEL or WORDS into the log in another way, and must leave the mark that is named.
WAYS: dict[str, tuple[str, str]] = {
    "a library's message": ('import logging; logging.getLogger("mail.log").error("peer %s said %s", S, W)', "mail.log"),
    "a library's f-string": ('import logging; logging.getLogger("x").warning(f"{S} {W}")', "warning x library"),
    "the root logger": ("import logging; logging.error(W)", "error root library"),
    "a handler of a library's own": (
        """
        import logging, sys
        one = logging.getLogger("own"); one.addHandler(logging.StreamHandler(sys.stderr)); one.propagate = False
        log.install("DEBUG")
        one.error("to %s", S)
        """,
        "error own library",
    ),
    "a broken format": ('import logging; logging.getLogger("x").error("%d %d", S)', "error x library"),
    "a logger named after somebody": ("import logging; logging.getLogger(S).error('x')", "error <withheld>"),
    "an exception that is logged": (
        """
        try:
            raise ValueError(f"bad mail from {S}: {W}")
        except ValueError:
            log.get("maild").exception("parse_failed", case=3)
        """,
        "parse_failed case=3 exception=ValueError at __main__:6",
    ),
    "an exception in a library": (
        """
        import logging
        try:
            {S: 1}[W]
        except KeyError:
            logging.getLogger("lib").exception("no %s", W)
        """,
        "exception=KeyError at __main__",
    ),
    "causes, contexts, groups and notes": (
        """
        try:
            try:
                raise KeyError(S)
            except KeyError as error:
                error.add_note(W)
                raise ExceptionGroup(W, [ValueError(S), OSError(2, W, S)]) from error
        except ExceptionGroup as error:
            log.get("maild").error("failed", error=error)
        """,
        "ExceptionGroup",
    ),
    "an uncaught exception": ("raise RuntimeError(S + W)", "uncaught_exception exception=RuntimeError"),
    "one in a thread": (
        """
        import threading
        def fail(text): raise RuntimeError(text)
        one = threading.Thread(target=fail, args=(W,), name=S); one.start(); one.join()
        """,
        "uncaught_exception_in_thread",
    ),
    "one in a destructor": (
        """
        class One:
            def __del__(self): raise RuntimeError(S)
        one = One(); del one
        """,
        "unraisable_exception",
    ),
    "one in a task that nobody awaits": (
        """
        import asyncio, gc
        async def fail(text): raise RuntimeError(text)
        async def main():
            one = asyncio.get_running_loop().create_task(fail(S), name=W)
            await asyncio.sleep(0.01); del one; gc.collect()
        asyncio.run(main())
        """,
        "asyncio",
    ),
    "the same with our handler": (
        """
        import asyncio, gc
        async def fail(text): raise RuntimeError(text)
        async def main():
            asyncio.get_running_loop().set_exception_handler(log.asyncio_handler)
            one = asyncio.get_running_loop().create_task(fail(S), name=W)
            await asyncio.sleep(0.01); del one; gc.collect()
        asyncio.run(main())
        """,
        "uncaught_in_loop exception=RuntimeError",
    ),
    "a callback that takes a mail": (
        """
        import asyncio
        def fail(text): raise RuntimeError(text)
        async def main():
            asyncio.get_running_loop().call_soon(fail, S + W)
            await asyncio.sleep(0.01)
        asyncio.run(main())
        """,
        "asyncio",
    ),
    "a warning": ("import warnings; warnings.warn(f'{S} {W}')", "py.warnings"),
    "a warning of a coroutine never awaited": (
        """
        import gc
        async def nothing(text): ...
        nothing(S); gc.collect()
        """,
        "py.warnings",
    ),
    "a slow callback in debug mode": (
        """
        import asyncio, time
        async def slow(text): time.sleep(0.2)
        asyncio.run(slow(S), debug=True)
        """,
        "asyncio",
    ),
    "an exception whose name is personal": (
        """
        kind = type(S, (Exception,), {"__module__": W})
        raise kind(S)
        """,
        "uncaught_exception exception=<withheld>",
    ),
    "SQLAlchemy's echo": (
        """
        import logging, sqlalchemy
        logging.getLogger("sqlalchemy").setLevel("DEBUG")
        engine = sqlalchemy.create_engine("sqlite://", echo="debug")
        with engine.begin() as one:
            one.execute(sqlalchemy.text("select :a"), {"a": S}).all()
            one.execute(sqlalchemy.text("select broken(:a)"), {"a": W})
        """,
        "uncaught_exception exception=sqlalchemy",
    ),
    "aiosmtpd": (
        """
        import asyncio, logging, smtplib
        from aiosmtpd.smtp import SMTP
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                raise RuntimeError(f"{envelope.mail_from} SECRET-42")
        def talk(port):
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail(S, [S], b"Subject: SECRET-42\\r\\n\\r\\nx")
        async def main():
            loop = asyncio.get_running_loop()
            logging.getLogger("mail.log").setLevel("DEBUG")
            server = await loop.create_server(lambda: SMTP(Handler(), loop=loop), "127.0.0.1", 0)
            try:
                await asyncio.to_thread(talk, server.sockets[0].getsockname()[1])
            except smtplib.SMTPException as error:
                log.get("maild").error("refused", error=error)
        asyncio.run(main())
        """,
        "mail.log library",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_the_log_brings_personal_data(way: str) -> None:
    program, mark = WAYS[way]
    said = run(program)
    assert mark in said, said
    for secret in (SENTINEL, "docomo", "死にたい", "SECRET"):
        assert secret not in said, said
    for line in said.splitlines():
        assert re.match(r"(debug|info|warning|error|critical) ", line), line


def test_the_record_itself_holds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Other handlers, a test's or a debugger's, see records and not lines."""
    log.get("maild.test").warning("odd", sender=SENTINEL)
    (record,) = caplog.records
    assert SENTINEL not in str(vars(record))


@given(st.recursive(st.just(None), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=30))
def test_traces_end(shape: Any) -> None:
    def build(one: Any) -> Exception:
        if one is None:
            return ValueError(SENTINEL)
        return ExceptionGroup(WORDS, [build(entry) for entry in one])

    error = build(shape)
    error.__cause__ = error
    said = log.trace(error)
    assert SENTINEL not in said and WORDS not in said
    assert len(said) < 2000


@pytest.mark.parametrize("journal", [False, True])
def test_many_of_one_event_are_the_lines_of_each(journal: bool) -> None:
    rows = "rows = [{'spool': n, 'to': S if n == 33 else 'inbox'} for n in range(70)]\nlines = log.get('maild.x')\n"
    each = run(rows + "lines.each('seen', rows)\nlines.each('none', [])", journal=journal)
    assert each == run(rows + "for row in rows: lines.info('seen', **row)", journal=journal)
    assert each.count("\n") == 70
    assert SENTINEL not in each and log.WITHHELD in each
    assert run(rows + "lines.each('seen', rows)", level="WARNING") == ""
