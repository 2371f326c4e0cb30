"""``maild doctor``: is this installation well? Each finding with what to do; nothing is changed, nothing is sent."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.config import Config
from maild.operate.doctor_servers import certificate_file, imap_servers, relay
from maild.operate.findings import FAIL, OK, WARN, Finding, Level
from maild.operate.wake import poke
from maild.store import MissingKey, Store, StoreError, TemporaryStoreError, WrongKey
from maild.store.engine import default_keys_url, parse_url
from maild.store.vault import load_or_create_key

LITTLE_DISK = 1 << 30
NO_DISK = 100 << 20
SPOOL_WAITS = timedelta(minutes=10)
OUTBOX_WAITS = timedelta(hours=1)
SOON_ANSWERED = timedelta(minutes=5)  # clocks of two machines differ, and a transaction takes time
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # no machine that runs this lives before
_RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return all(one.level != FAIL for one in self.findings)


def examine(config: Config, now: datetime) -> Report:
    """Look at everything; one part that fails keeps no other from being looked at."""
    findings: list[Finding] = []
    running = poke(config.maild.data_dir)
    findings += _daemon(running)
    findings += _config(config)
    findings += _templates(config)
    findings += _disk(config)
    findings += _modes(config)
    findings += _store(config, now, running)
    findings += relay(config.send, now)
    findings += imap_servers(config.receive.imap, now)
    if config.receive.smtp is not None and config.receive.smtp.tls_cert_file is not None:
        findings.append(certificate_file("receive.smtp", config.receive.smtp.tls_cert_file, now))
    return Report(tuple(findings))


def _daemon(running: bool) -> Iterator[Finding]:
    if running:
        yield Finding("daemon", OK, "runs")
    else:
        yield Finding("daemon", WARN, "does not run", "start it: systemctl start maild, or maild run")


def _config(config: Config) -> Iterator[Finding]:
    for warning in config.warnings:
        yield Finding("config", WARN, warning)
    if not config.maild.operators:
        yield Finding("config", WARN, "nobody hears of failures", "name somebody in [maild] operators")
    receive = config.receive
    if receive.smtp is None and receive.lmtp is None and not receive.imap:
        yield Finding(
            "config", WARN, "mail comes in through maild deliver only", "see [receive] where that is not meant"
        )
    yield Finding("config", OK, f"{len(config.desks)} {'desk' if len(config.desks) == 1 else 'desks'}")


def _templates(config: Config) -> Iterator[Finding]:
    from maild.app.assembly import template_faults

    faults = template_faults(config)
    for fault in faults:
        yield Finding("templates", FAIL, fault, "mend the template; docs/letters.md says what it may use")
    if not faults:
        yield Finding("templates", OK, "every letter of every desk can be written")


# -- this machine --------------------------------------------------------------------------------------------------


def _disk(config: Config) -> Iterator[Finding]:
    places = {"data_dir": config.maild.data_dir}
    if config.send.transport == "maildir":
        places["maildir"] = config.send.maildir
    for name, place in places.items():
        there = next((one for one in (place, *place.parents) if one.is_dir()), None)
        if there is None:
            yield Finding("disk", FAIL, f"{name}: no such place", "make the directory")
            continue
        free = shutil.disk_usage(there).free
        level: Level = FAIL if free < NO_DISK else WARN if free < LITTLE_DISK else OK
        advice = "" if level == OK else "free some space: with a full disk no mail is taken in"
        yield Finding("disk", level, f"{name}: {free >> 20} MB free", advice)
        if place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
            yield Finding("disk", FAIL, f"{name}: may not be written to", "look at its owner and mode")


def _modes(config: Config) -> Iterator[Finding]:
    """What confides must be its owner's alone (S1)."""
    files = {"key_file": config.maild.key_file}
    for url in (config.maild.database, default_keys_url(config.maild.database)):
        parsed = parse_url(url)
        if parsed.drivername == "sqlite" and parsed.database is not None:
            for ending in ("", "-wal", "-shm"):
                files[Path(parsed.database).name + ending] = Path(parsed.database + ending)
    secrets = [config.send.password, config.maild.database_password, *(one.password for one in config.receive.imap)]
    files |= {secret.key: secret.file for secret in secrets if secret is not None}
    loose = 0
    for name, path in files.items():
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
        except OSError:
            yield Finding("modes", WARN, f"{name}: cannot be looked at", "run this as the user that maild runs as")
            continue
        if mode & 0o077:
            loose += 1
            yield Finding("modes", FAIL, f"{name}: others may use it (mode {mode:03o})", f"chmod 600 {path}")
    if not loose:
        yield Finding("modes", OK, "key, database and passwords are their owner's alone")


# -- the store -----------------------------------------------------------------------------------------------------


def _store(config: Config, now: datetime, running: bool) -> Iterator[Finding]:
    maild = config.maild
    try:
        if not Store.exists(maild.database_url()):
            yield Finding("database", OK, "there is none yet; it is made at the first start")
            yield from _clock(now, None)
            return
        store = Store.open(maild.database_url(), load_or_create_key(maild.key_file, False), migrate=False)
    except (WrongKey, MissingKey) as error:
        yield Finding("key", FAIL, str(error), "without the right key nothing can be read; look for a copy of it")
        return
    except TemporaryStoreError as error:
        yield Finding("database", FAIL, str(error), "try again; look at the disk and the database server")
        return
    except (StoreError, OSError) as error:
        words = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error.strerror}"
        yield Finding("database", FAIL, words, "look at [maild] database and key_file")
        return
    except Exception as error:  # UserError of a password file, or what nobody thought of: a finding, not an end
        yield Finding("database", FAIL, f"cannot be opened ({type(error).__name__})", "look at [maild] database")
        return
    try:
        yield Finding("key", OK, "belongs to the database")
        yield from _contents(store, config, now, running)
    except StoreError as error:
        yield Finding("database", FAIL, str(error), "restore a backup where it does not go away")
    finally:
        store.close()


def _contents(store: Store, config: Config, now: datetime, running: bool) -> Iterator[Finding]:
    broken_trail = store.verify_audit()
    faults = [fault for fault in store.check_consistency() if fault not in broken_trail]
    for fault in faults:
        yield Finding("consistency", FAIL, fault, "stop maild, keep a copy of the files, and restore the last backup")
    if not faults:
        yield Finding("consistency", OK, "every invariant holds")
    for fault in broken_trail:
        yield Finding("audit", FAIL, fault, "somebody changed the trail, or an older file was put back: find out who")
    if not broken_trail:
        yield Finding("audit", OK, "the trail is whole")
    newest = max((row.at for row in store.audit_trail()), default=None)
    yield from _clock(now, newest)
    yield from _sources(store, config, now, running)
    yield from _waiting(store, now, running)
    with store.read() as tx:
        for key in tx.recalled("paused:"):
            name = key.removeprefix("paused:")
            yield Finding("desks", WARN, f"{name} is paused", f"maild resume {name}, once it goes on")
        for key in tx.recalled("ended:"):
            yield Finding("desks", WARN, f"the service of {key.removeprefix('ended:')} has ended", "")


def _clock(now: datetime, newest: datetime | None) -> Iterator[Finding]:
    """Days are counted by this machine's clock, so a wrong one closes cases wrongly (C4)."""
    if now < NOT_BEFORE or (newest is not None and now < newest - SOON_ANSWERED):
        yield Finding("clock", FAIL, f"says {now:%Y-%m-%d %H:%M} UTC, which has been already", "set it; use NTP")
    else:
        yield Finding("clock", OK, f"{now:%Y-%m-%d %H:%M} UTC")


def _sources(store: Store, config: Config, now: datetime, running: bool) -> Iterator[Finding]:
    """When each way in was last read (M8): cases wait to be closed until it is (C6)."""
    states = {one.source: one for one in store.sources()}
    wanted = [one.source for one in config.receive.imap]
    wanted += ["smtp"] if config.receive.smtp is not None else []
    wanted += ["lmtp"] if config.receive.lmtp is not None else []
    bad: Level = FAIL if running else WARN
    advice = "look at its server and at the log" if running else "it is read while maild runs"
    for name in wanted:
        state = states.get(name)
        if state is None or state.last_read is None:
            yield Finding("sources", bad, f"{name}: never read", advice)
            continue
        ago = now - state.last_read
        late = ago > max(timedelta(seconds=3 * state.every_seconds), timedelta(minutes=2))
        yield Finding("sources", bad if late else OK, f"{name}: last read {_span(ago)} ago", advice if late else "")


def _waiting(store: Store, now: datetime, running: bool) -> Iterator[Finding]:
    oldest = store.oldest_waiting()
    if oldest is not None and now - oldest > SPOOL_WAITS:
        advice = "the log says why" if running else "start maild"
        yield Finding("spool", FAIL, f"a mail waits since {_span(now - oldest)} ({store.spool_depth()} in all)", advice)
    else:
        yield Finding("spool", OK, f"{store.spool_depth()} mails wait")
    if aside := len(store.quarantined()):
        yield Finding("quarantine", WARN, f"{aside} mails are set aside", "maild quarantine list")
    rows = store.outbox(("pending", "sending", "failed"))
    waiting = [row for row in rows if row.state != "failed" and (row.attempts or row.next_attempt <= now)]
    since = min((row.created for row in waiting), default=now)
    late = now - since > OUTBOX_WAITS
    words = f"{len(waiting)} mails wait to be sent" + (f", the oldest since {_span(now - since)}" if waiting else "")
    yield Finding(
        "outbox", FAIL if late else OK, words, "maild outbox list says what the server answered" if late else ""
    )
    failed = [row for row in rows if row.state == "failed" and row.code not in ("erased", "dropped")]
    if recent := sum(1 for row in failed if now - row.created < _RECENT):
        yield Finding("outbox", WARN, f"{recent} mails of the last 7 days were refused for good", "maild outbox list")


def _span(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
