"""A config that has passed every check, as values."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from maild.desk.form import Form
from maild.desk.rules import Desk
from maild.errors import UserError

Security = Literal["tls", "starttls", "none"]

SERVICE_CREDENTIALS = Path("/run/credentials/maild.service")  # systemd.exec(5), for commands beside the service


def credential_path(name: str) -> Path:
    """Where systemd puts the credential: for the service itself, or for a command that root runs beside it."""
    return Path(os.environ.get("CREDENTIALS_DIRECTORY") or SERVICE_CREDENTIALS) / name


@dataclass(frozen=True, slots=True)
class Secret:
    """A password that is read when it is needed, so that a new one counts at the next login."""

    key: str  # the key of the config that names it
    file: Path = field(repr=False)

    def read(self) -> str:
        """The first line of the file. Raises UserError where it cannot be read or is empty."""
        try:
            lines = self.file.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self.key}: the file it names cannot be read; check that it exists and whose it is"
            ) from error
        if not lines or not lines[0]:
            raise UserError(f"{self.key}: the file it names is empty; its first line is the secret")
        return lines[0]


@dataclass(frozen=True, slots=True)
class Maild:
    """[maild]"""

    data_dir: Path
    database: str  # URL; a path in it is absolute
    key_file: Path
    key_create: bool  # whether a missing key may be made at first start; never where a credential is named
    timezone: str
    operators: tuple[str, ...] = field(default=(), repr=False)
    trusted_authserv: tuple[str, ...] = ()
    database_password: Secret | None = None
    log_level: str = "INFO"

    def database_url(self) -> str:
        """``database`` with the password in it, for the engine and nobody else: never print it."""
        if self.database_password is None:
            return self.database
        scheme, _, rest = self.database.partition("://")
        user, _, where = rest.partition("@")
        return f"{scheme}://{user}:{quote(self.database_password.read(), safe='')}@{where}"


@dataclass(frozen=True, slots=True)
class Smtp:
    """[receive.smtp]"""

    host: str
    port: int
    max_message_bytes: int
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Lmtp:
    """[receive.lmtp]: either ``unix`` or host and port."""

    host: str
    port: int
    unix: Path | None
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class Imap:
    """[[receive.imap]]"""

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: Secret
    mailbox: str
    poll_seconds: int
    idle: bool
    after: Literal["delete", "move", "keep"]
    move_to: str
    max_message_bytes: int
    ca_file: Path | None = None
    desk: str = ""  # whose mailbox it is; empty: the header tells

    @property
    def source(self) -> str:
        """A name that holds nothing personal and stays the same when mailboxes change places in the file: the
        cursor is kept under it (rules M8)."""
        identity = "\0".join((self.host, str(self.port), self.username, self.mailbox))
        return f"imap:{self.host[:40]}:{hashlib.sha256(identity.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True)
class Receive:
    """[receive]: the ways in; none is good too, mail then comes through ``maild deliver``."""

    smtp: Smtp | None = None
    lmtp: Lmtp | None = None
    imap: tuple[Imap, ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """[send]"""

    transport: Literal["smtp", "maildir"]
    maildir: Path
    host: str = ""
    port: int = 0
    security: Security = "starttls"
    username: str = field(default="", repr=False)
    password: Secret | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """[desk.board]: the shared inbox's own mailbox, and the folders that notices are filed into."""

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: Secret
    inbox: str
    waiting: str
    answered: str
    closed: str
    ca_file: Path | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((self.inbox, self.waiting, self.answered, self.closed)))


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. Equal configs are equal values, so a reload can tell what changed."""

    path: Path
    maild: Maild
    receive: Receive
    send: Send
    desks: tuple[Desk, ...]
    forms: tuple[tuple[str, Form], ...] = ()  # (desk, its form), rules I3
    boards: tuple[tuple[str, Board], ...] = ()  # (desk, its board)
    warnings: tuple[str, ...] = field(default=(), compare=False)  # what works, but may not be meant so

    def desk(self, name: str) -> Desk | None:
        """The desk of that name."""
        return next((desk for desk in self.desks if desk.name == name), None)

    def form(self, desk: str) -> Form | None:
        """The web form of the desk of that name."""
        return dict(self.forms).get(desk)

    def board(self, desk: str) -> Board | None:
        """The board of the desk of that name."""
        return dict(self.boards).get(desk)
