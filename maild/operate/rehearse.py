"""``maild rehearse``: a scenario through the real pipeline and store on a virtual clock (interfaces.md, "Rehearsal").

Every mail is delivered at the instant it is sent, all sources count as read, and whatever falls due between two steps
happens at its own instant. Tokens come from a fixed seed, so the same scenario prints the same bytes.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from maild import tokens
from maild.app.assembly import build_world
from maild.app.screen import Refuse
from maild.compose import Draft, compose
from maild.config import Config
from maild.desk.case import Case
from maild.desk.deadlines import client_seconds, closes_on
from maild.errors import UserError
from maild.mail import charset, header
from maild.mail.address import parse_mailboxes
from maild.operate.made_mail import with_attachments, with_headers
from maild.operate.scenario import Attachment, Step
from maild.pipeline import Clearance, Pipeline
from maild.store import Claimed, Incoming, Store

_AT_ONCE = 256  # deliveries decided upon in one transaction
LARGEST = 10_485_760  # as max_message_bytes, where no listener sets it
_STORM = 10_000  # deadlines at one instant that lead nowhere: a fault of ours, told rather than looped on


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that went out."""

    at: datetime
    to: str = field(repr=False)
    audience: str
    template: str
    case: int | None
    message_id: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """What one step did."""

    step: Step
    sent: tuple[Sent, ...]
    cases: tuple[Case, ...]
    dispositions: tuple[str, ...]


def rehearse(config: Config, start: datetime, steps: tuple[Step, ...]) -> Iterator[Row]:
    """Play a scenario; one row a step."""
    with tempfile.TemporaryDirectory(prefix="maild-rehearsal-") as folder:
        data = Path(folder)
        maild = replace(
            config.maild, data_dir=data, database=f"sqlite:///{data}/maild.db", key_file=data / "key", key_create=True
        )
        stage = Stage(replace(config, maild=maild), start)
        try:
            for step in steps:
                yield stage.play(step)
        finally:
            stage.close()


class Stage:
    """A throw-away installation with a clock of its own."""

    def __init__(self, config: Config, start: datetime) -> None:
        from maild.app.assembly import open_store

        dice = random.Random(20260105)
        self._config = config
        self._store: Store = open_store(config, throw_away=True)
        world = build_world(config, lambda: "".join(dice.choices(tokens.LETTERS, k=tokens.LENGTH)), eight_bit=True)
        self._world = world
        self._screen = Refuse(config)
        doors = (config.receive.smtp, config.receive.lmtp)
        self._most_bytes = max((one.max_message_bytes for one in doors if one is not None), default=LARGEST)
        self._pipeline = Pipeline(world, self._store)
        self._now = start.astimezone(UTC)
        self._sent: list[Sent] = []  # all of it
        self._serial = 0
        self._morning: datetime | None = None  # when the next digest is due (P7)
        self._look_ahead()

    def _look_ahead(self) -> None:
        self._morning = self._pipeline.mornings(self._now)

    def close(self) -> None:
        """Give the throw-away store back."""
        self._store.close()

    def play(self, step: Step) -> Row:
        """One step: first all that falls due on the way, then what the step does."""
        before = len(self._sent)
        self._pass_until(step.at.astimezone(UTC))
        dispositions: list[str] = []
        if step.mail is not None:
            dispositions = self._mail(step)
        elif step.counselor is not None:
            dispositions = self._counselor(step)
        elif step.bounce is not None:
            dispositions = self._bounce(step)
        self._look_ahead()
        cases = tuple(sorted(self._store.list_cases(), key=lambda case: case.number))
        return Row(step, tuple(self._sent[before:]), cases, tuple(dispositions))

    # -- time ------------------------------------------------------------------------------------------------------

    def _pass_until(self, end: datetime) -> None:
        idle = 0
        while True:
            due = min((at for at in (self._store.next_deadline(), self._morning) if at is not None), default=None)
            if due is None or due > end:
                break
            instant = max(due, self._now)
            idle = idle + 1 if instant == self._now else 0
            if idle > _STORM:
                raise UserError("the rehearsal stands still: a deadline leads to itself; please report this")
            self._now = instant
            fell = self._pipeline.sweep(self._now, self._clearance())
            if self._morning is not None and self._morning <= self._now:
                self._look_ahead()
                fell += 1
            self._deliver()
            if not fell:
                break
        self._now = max(self._now, end)
        self._look_ahead()

    def _clearance(self) -> Clearance:
        return Clearance(reads=(self._now,))

    def _deliver(self) -> None:
        """Everything in the outbox is accepted by the next hop at this instant, and what follows from that too."""
        while True:
            claimed = self._store.claim(self._now, 200)
            if claimed:
                self._sent += [_as_sent(mail, self._now) for mail in claimed]
                self._store.all_sent([mail.id for mail in claimed], self._now, "250 rehearsed")
            settled = self._pipeline.settle(self._now, _AT_ONCE)
            due = self._store.next_attempt()
            if settled < _AT_ONCE and (due is None or due > self._now):
                return

    # -- what a step does --------------------------------------------------------------------------------------------

    def _arrive(self, sender: str, recipient: str, raw: bytes) -> list[str]:
        mail = Incoming("rehearsal", self._now, sender, (recipient,), raw)
        turned_away = self._at_the_door(mail)
        if turned_away is not None:
            return [turned_away]
        self._store.accept([mail])
        found: list[str] = []
        for spooled in self._store.take(100, self._now):
            found += self._pipeline.receive([spooled], self._now, self._clearance())
        self._deliver()
        return found

    def _at_the_door(self, mail: Incoming) -> str | None:
        """What the daemon refuses in the conversation with the sending server, so that nothing of it comes in: at
        RCPT an address that is no desk's, at DATA what is too large (M6) and an attachment that is refused (A1)."""
        if self._world.addressed(mail.recipients) is None:
            return "refused"
        if len(mail.raw) > self._most_bytes or self._screen.look(mail) is not None:
            return "rejected"
        return None

    def _mail(self, step: Step) -> list[str]:
        mail = step.mail or {}
        sender = str(mail["from"])
        recipient = _address_of(str(mail.get("to", self._config.desks[0].address)))
        if "raw" in mail:
            return self._arrive(sender, recipient, mail["raw"])
        answered = self._last_to(sender) if mail.get("answers") == "last" else None
        headers = mail.get("headers", {})
        raw = self._message(
            sender, recipient, mail.get("subject"), str(mail.get("text", "")), mail.get("attach", ()), headers, answered
        )
        # Return-Path is the envelope's sender as the receiving host writes it down: "<>" is the null path (M3)
        path = next((value for name, value in headers.items() if name.lower() == "return-path"), sender)
        return self._arrive(path.strip().strip("<>"), recipient, raw)

    def _last_to(self, address: str) -> Sent | None:
        wanted = address.lower()
        return next((one for one in reversed(self._sent) if one.to.lower() == wanted), None)

    def _counselor(self, step: Step) -> list[str]:
        said = step.counselor or {}
        notice = self._notice(said.get("case"), said.get("notice"))
        sender = str(said.get("from") or self._config.desks[0].counselors[0].address)
        if notice is None:
            return ["refused"]
        desk = next((one for one in self._config.desks if one.address == _from_of(notice.data)), self._config.desks[0])
        raw = self._message(
            sender,
            desk.address,
            said.get("subject"),
            str(said.get("text", "")),
            said.get("attach", ()),
            said.get("headers", {}),
            notice,
        )
        return self._arrive(sender, desk.address, raw)

    def _notice(self, case: int | None, number: int | None) -> Sent | None:
        every = [one for one in self._sent if one.template in ("notice", "notice_urgent") and one.case is not None]
        if case is None:
            case = max((row.number for row in self._store.list_cases()), default=None)
        mine: dict[str, Sent] = {}
        for one in every:
            if one.case == case:
                # one notice that went to several people is one notice
                mine.setdefault(f"{one.at}:{one.template}", one)
        ordered = list(mine.values())
        if number is None:
            return ordered[-1] if ordered else None
        return ordered[number - 1] if number <= len(ordered) else None

    def _bounce(self, step: Step) -> list[str]:
        sent = next((one for one in reversed(self._sent) if one.audience == "client"), None)
        if sent is None:
            return []
        status = step.bounce or "5.0.0"
        action = "failed" if status.startswith("5") else "delayed"
        desk = _from_of(sent.data)
        boundary = "=_rehearsal_report"
        head = sent.data.split(b"\r\n\r\n", 1)[0]
        raw = (
            (
                f"From: Mail Delivery System <MAILER-DAEMON@relay.example>\r\nTo: {desk}\r\n"
                f"Subject: Delivery Status Notification ({action})\r\nMessage-ID: <{self._next()}@relay.example>\r\n"
                "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\r\n\r\n'
                f"--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                f"Your message could not be delivered yet or at all.\r\n\r\n--{boundary}\r\n"
                "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
                f"Final-Recipient: rfc822; {sent.to}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--{boundary}\r\n"
                "Content-Type: text/rfc822-headers\r\n\r\n"
            ).encode()
            + head
            + f"\r\n\r\n--{boundary}--\r\n".encode()
        )
        return self._arrive("", desk, raw)

    # -- bytes -------------------------------------------------------------------------------------------------------

    def _next(self) -> str:
        self._serial += 1
        return f"rehearsal.{self._serial}"

    def _message(
        self,
        sender: str,
        recipient: str,
        subject: object,
        text: str,
        attach: tuple[Attachment, ...],
        headers: dict[str, str],
        answered: Sent | None,
    ) -> bytes:
        last, references = None, list[str]()
        if answered is not None:
            last = answered.message_id
            old = message_from_bytes(answered.data)
            references = [*str(old.get("References", "")).split(), last]
            if subject is None:
                told = header.decode_text(str(old.get("Subject", "")))
                subject = told if told.lower().startswith("re:") else f"Re: {told}"
        draft = Draft(
            message_id=f"<{self._next()}@{sender.rpartition('@')[2] or 'unknown.example'}>",
            from_name="",
            from_address=sender,
            to=recipient,
            subject=str(subject or ""),
            text=text,
            date=self._now,
            timezone=self._config.maild.timezone,
            in_reply_to=last,
            references=tuple(references),
        )
        raw = compose(draft)
        if attach:
            raw = with_attachments(raw, attach)
        return with_headers(raw, headers)


def _as_sent(mail: Claimed, at: datetime) -> Sent:
    template = "reply" if mail.template == "interim" else mail.template
    return Sent(at, mail.recipient, mail.audience, template, mail.case, mail.message_id, mail.data)


def _from_of(data: bytes) -> str:
    return _address_of(str(message_from_bytes(data).get("From", "")))


def _address_of(text: str) -> str:
    boxes = parse_mailboxes(text)
    return boxes[0][1] if boxes else text


# -- what is printed ---------------------------------------------------------------------------------------------------


def as_json(row: Row, config: Config) -> dict[str, object]:
    """One row as interfaces.md shows it."""
    zone = row.step.at.tzinfo
    return {
        "step": row.step.number,
        "at": row.step.at.isoformat(),
        "sent": [_sent_json(one, zone) for one in row.sent],
        "cases": [_case_json(case, config, row.step.at) for case in row.cases],
        "dispositions": list(row.dispositions),
    }


def read_message(data: bytes) -> tuple[str, str, dict[str, str]]:
    """Subject, text and headers (canonical spelling, decoded) of one of our own mails."""
    message = message_from_bytes(data)
    payload = message.get_payload(decode=True)
    label = message.get_content_charset()
    text = charset.decode(payload, label)[0] if isinstance(payload, bytes) else ""
    headers = {name: " ".join(str(value).split()) for name, value in message.items()}
    for name in ("Subject", "From", "To"):
        if name in headers:
            headers[name] = header.decode_text(headers[name])
    return headers.get("Subject", ""), text.replace("\r\n", "\n"), headers


def _sent_json(one: Sent, zone: Any) -> dict[str, object]:
    subject, text, headers = read_message(one.data)
    return {
        "at": one.at.astimezone(zone).isoformat(),
        "to": one.to,
        "audience": one.audience,
        "template": one.template,
        "case": one.case,
        "subject": subject,
        "text": text,
        "headers": headers,
    }


def _case_json(case: Case, config: Config, now: datetime) -> dict[str, object]:
    desk = config.desk(case.desk) or config.desks[0]
    until = closes_on(case, desk)
    seconds = client_seconds(case, now.astimezone(UTC))
    return {
        "case": case.number,
        "desk": case.desk,
        "state": case.state,
        "round_trip": case.round_trip,
        "closes_on": until.isoformat() if until else None,
        "reason": case.reason,
        "flags": sorted(case.flags),
        "client_days": int(timedelta(seconds=seconds) / timedelta(days=1)),
    }
