"""A small installation in a temporary directory: mails through the real store and pipeline, commands through main."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from maild.__main__ import main
from maild.app.assembly import build_world, open_store
from maild.config import load
from maild.desk.case import Case
from maild.desk.rules import Desk
from maild.operate.rehearse import read_message
from maild.pipeline import Clearance, Pipeline, World
from maild.pipeline.operator import Operator
from maild.store import Claimed, Incoming, Store

DESK, INBOX, COUNSELOR, OPS = "soudan@desk.example", "inbox@desk.example", "sato@desk.example", "ops@desk.example"
CLIENT, OTHER = "hanako@phone.example", "taro@phone.example"
WHOLE = "名前：花子\n性別：女性\n年齢：24歳\n地域：県内\n相談内容：仕事を続けられるか不安で、夜もよく眠れません。\n"
PARTLY = "名前：花子\n相談内容：仕事を続けられるか不安で、夜もよく眠れません。\n"

CONFIG = f"""
[maild]
data_dir = "var"
timezone = "Asia/Tokyo"
operators = ["{OPS}"]

[send]
transport = "maildir"
maildir = "var/outgoing"

[[desk]]
name = "soudan"
kind = "consultation"
address = "{DESK}"
shared_inbox = "{INBOX}"
[[desk.counselor]]
name = "佐藤花代"
address = "{COUNSELOR}"
[[desk.terms]]
version = "2026-04"
effective = 2026-04-01
file = "terms.txt"
[desk.rules]
suspend_reasons = ["迷惑行為", "虚偽の申込み"]
"""


@dataclass
class Office:
    """The installation, and what went out of it."""

    root: Path
    now: datetime
    capsys: Any
    sent: list[Claimed] = field(default_factory=list)
    serial: int = 0
    world: World | None = None  # made once: to render every letter takes a while

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    def store(self) -> Store:
        return open_store(load(self.config))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """A command through its real entry: exit code, stdout, stderr."""
        self.capsys.readouterr()
        try:
            code = main([*arguments, "--config", str(self.config)])
        except SystemExit as error:
            code = int(error.code or 0)
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints as JSON lines."""
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()]

    def mail(
        self, text: str = WHOLE, sender: str = CLIENT, *, answers: str = "", attach: bool = False, to: str = DESK
    ) -> str:
        """One mail arrives now and is processed; its disposition."""
        self.serial += 1
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "はじめまして"
        message["Message-ID"] = f"<m{self.serial}@phone.example>"
        if answers:
            message["In-Reply-To"] = answers
        message.set_content(text)
        if attach:
            message.add_attachment(b"\xff\xd8\xff\xe0", maintype="image", subtype="jpeg", filename="a.jpg")
        store = self.store()
        try:
            store.accept([Incoming("smtp", self.now, sender, (to,), message.as_bytes())])
            return self.work(store)[0]
        finally:
            store.close()

    def work(self, store: Store | None = None) -> list[str]:
        """What the daemon would do at this instant: take the spool, let things fall due, send, settle."""
        mine = store or self.store()
        pipeline = Pipeline(self._world(), mine)
        clear = Clearance(reads=(self.now,))
        try:
            found = [x for one in mine.take(100, self.now) for x in pipeline.receive([one], self.now, clear)]
            while pipeline.settle(self.now) + pipeline.sweep(self.now, clear) + self._send(mine):
                pass
            return found
        finally:
            if store is None:
                mine.close()

    def _send(self, store: Store) -> int:
        claimed = store.claim(self.now, 100)
        for one in claimed:
            self.sent.append(one)
            store.sent(one.id, self.now, "250 ok")
        return len(claimed)

    def reply(self, text: str, notice: Claimed | None = None) -> str:
        """A counselor answers the newest notice."""
        notice = notice or next(one for one in reversed(self.sent) if one.template.startswith("notice"))
        return self.mail(text, COUNSELOR, answers=notice.message_id)

    def to(self, address: str, since: int = 0) -> list[str]:
        """Templates that went to an address."""
        return [one.template for one in self.sent[since:] if one.recipient == address]

    def text(self, template: str) -> str:
        """Of the newest mail of that template."""
        return read_message(next(one for one in reversed(self.sent) if one.template == template).data)[1]

    def case(self, number: int = 1) -> Case:
        store = self.store()
        try:
            with store.read() as tx:
                found = tx.case(number)
            assert found is not None
            return found
        finally:
            store.close()

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def good(self) -> None:
        """Every invariant of the store holds."""
        store = self.store()
        try:
            assert store.check_consistency() == []
        finally:
            store.close()

    def actions(self, case: int | None = None) -> list[str]:
        """The operator's lines in the audit trail."""
        store = self.store()
        try:
            return [row.action for row in store.audit_trail(case) if row.actor == "operator"]
        finally:
            store.close()

    def operator(self, store: Store) -> Operator:
        """The operator at the office's own instant, where a test needs a clock."""
        return Operator(self._world(), store, self.now)

    def operator_desk(self) -> Desk:
        """The desk as its rules are configured."""
        return self._world().desks[0].desk

    def _world(self) -> World:
        if self.world is None:
            self.world = build_world(load(self.config))
        return self.world
