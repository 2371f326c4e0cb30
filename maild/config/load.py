"""From a file to a Config, or to every fault in it at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maild.config import keys
from maild.config.checks import check_addresses, check_boards, check_desk, check_imap, check_mailboxes, check_security
from maild.config.desk import read_desk
from maild.config.faults import ConfigErrors, Fault, as_written
from maild.config.model import Config, Imap, Lmtp, Maild, Receive, Send, Smtp
from maild.config.reading import INVALID, Notes, Place, good, read_table, table_of, tables_of, unknown_key
from maild.config.secret import credential, secret
from maild.config.values import private_file
from maild.errors import UserError

MAX_BYTES = 4 * 1024 * 1024  # of a config file


def load(path: str | Path, *, require_files: bool = True) -> Config:
    """The config in the file. Raises ConfigErrors with every fault, UserError where there is no such file.

    With ``require_files`` false, files that the config names are not looked at: for reading a config elsewhere than
    on the machine it is for.
    """
    path = Path(path).absolute()
    return read(_parse(path), path, require_files=require_files)


def read(raw: Mapping[str, Any], path: Path, *, require_files: bool = True) -> Config:
    """The config in parsed TOML that stood in the file at ``path``."""
    notes = Notes(path.parent, require_files, "CREDENTIALS_DIRECTORY" in os.environ)
    top = Place("", notes)
    for name, value in raw.items():
        if name not in ("maild", "receive", "send", "desk"):
            unknown_key(name, value, ["maild", "receive", "send", "desk"], top.at(name))
    maild = read_table(keys.MAILD, table_of(raw, "maild", top), top.at("maild"))
    _defaults_of_maild(maild, top.at("maild"))
    receive = _receive(table_of(raw, "receive", top), top.at("receive"))
    send = _send(raw, maild, top)
    desks = [read_desk(one, top.at("desk").at(index), maild) for index, one in enumerate(tables_of(raw, "desk", top))]
    if not raw.get("desk"):
        top.at("desk").fault("is required: at least one [[desk]]")
    for index, one in enumerate(desks):
        check_desk(one, top.at("desk").at(index))
    check_addresses(desks, maild, top)
    check_boards(desks, receive, top)
    check_mailboxes(desks, receive, top)
    if notes.faults:
        raise ConfigErrors(str(path), tuple(notes.faults))
    return Config(
        path=path,
        maild=_maild(maild),
        receive=receive,
        send=send,
        desks=tuple(one.build() for one in desks),
        forms=tuple((one.values["name"], one.form) for one in desks if one.form is not None),
        boards=tuple((one.values["name"], one.board) for one in desks if one.board is not None),
        warnings=tuple(notes.warnings),
    )


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UserError(f"{path} is no config: it is larger than {MAX_BYTES} bytes")
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; name the config with --config") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read; check that it is a file and whose it is") from error
    except UnicodeDecodeError as error:
        raise ConfigErrors(str(path), (Fault("the file", f"is not UTF-8 at byte {error.start}"),)) from None
    except tomllib.TOMLDecodeError as error:
        # The parser's message quotes at most one character of the file.
        raise ConfigErrors(str(path), (Fault("the file", f"is not TOML: {error}"),)) from None
    except ValueError:  # int() refuses numbers of thousands of digits
        raise ConfigErrors(str(path), (Fault("the file", "is not TOML: a number is too long"),)) from None
    except RecursionError:
        raise ConfigErrors(str(path), (Fault("the file", "is nested too deeply"),)) from None


def _defaults_of_maild(values: dict[str, Any], place: Place) -> None:
    if values["data_dir"] is None or not good(values["data_dir"]):
        values["data_dir"] = (place.notes.base / "var").absolute()
    data_dir: Path = values["data_dir"]
    if place.notes.require_files and data_dir.exists() and not data_dir.is_dir():
        place.at("data_dir").fault("is a directory; a file is there", as_written(data_dir, place.notes.base))
    elif place.notes.require_files and not data_dir.exists():
        above = next(one for one in data_dir.parents if one.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            place.at("data_dir").fault(
                "cannot be made: this user may not write above it", as_written(data_dir, place.notes.base)
            )
    if values["database"] is None:
        values["database"] = f"sqlite:///{data_dir / 'maild.db'}"
    values["database_password"] = secret(values, "database_password", place)
    if values["database_password"] and good(values["database"]) and values["database"].startswith("sqlite"):
        place.at("database_password_file").fault("is for PostgreSQL; SQLite has no password")
    elif values["database_password"] and good(values["database"]) and "@" not in values["database"]:
        place.at("database").fault("names no user for the password: postgresql://user@host/name")
    values["key_create"] = values["key_credential"] is None
    if values["key_credential"] is not None:
        if values["key_file"] is not None:
            place.at("key_credential").fault("stands beside key_file: give one of them")
        if good(values["key_credential"]):
            values["key_file"] = credential(values["key_credential"], place.at("key_credential"))
    elif values["key_file"] is None:
        values["key_file"] = data_dir / "maild.key"
    elif good(values["key_file"]) and place.notes.require_files:
        private_file(values["key_file"], place.at("key_file"), None)
    if values["operators"] == ():
        place.at("operators").warn("nobody is told when something fails; name at least one address")


def _maild(values: Mapping[str, Any]) -> Maild:
    return Maild(
        data_dir=values["data_dir"],
        database=values["database"],
        key_file=values["key_file"],
        key_create=values["key_create"],
        timezone=values["timezone"],
        operators=values["operators"],
        trusted_authserv=values["trusted_authserv"],
        database_password=values["database_password"],
        log_level=values["log_level"],
    )


def _receive(raw: Mapping[str, Any], place: Place) -> Receive:
    read_table(keys.RECEIVE, raw, place)
    smtp, lmtp = None, None
    if "smtp" in raw:
        values = read_table(keys.SMTP, raw["smtp"], place.at("smtp"))
        if (values["tls_cert_file"] is None) != (values["tls_key_file"] is None):
            place.at("smtp").at("tls_key_file").fault("and tls_cert_file go together: give both or none")
        if all(good(one) for one in values.values()):
            host, port, _ = values["listen"]
            smtp = Smtp(host, port, values["max_message_bytes"], values["tls_cert_file"], values["tls_key_file"])
    if "lmtp" in raw:
        values = read_table(keys.LMTP, raw["lmtp"], place.at("lmtp"))
        if all(good(one) for one in values.values()):
            host, port, unix = values["listen"]
            lmtp = Lmtp(host, port, unix, values["max_message_bytes"])
    if smtp and lmtp and lmtp.unix is None and (smtp.host, smtp.port) == (lmtp.host, lmtp.port):
        place.at("lmtp").at("listen").fault("is the same as receive.smtp.listen; give it another port")
    imap = [_imap(one, place.at("imap").at(index)) for index, one in enumerate(tables_of(raw, "imap", place))]
    whole = [one for one in imap if one is not None]
    for index, one in enumerate(imap):
        if one is not None and any(other is not None and other.source == one.source for other in imap[:index]):
            place.at("imap").at(index).at("mailbox").fault("is read twice: another [[receive.imap]] names it too")
    return Receive(smtp, lmtp, tuple(whole))


def _imap(raw: object, place: Place) -> Imap | None:
    values = read_table(keys.IMAP, raw, place)
    password = secret(values, "password", place)
    if isinstance(raw, Mapping) and not any(
        name in raw for name in ("password_file", "password_credential", "password")
    ):
        place.at("password_file").fault("is required: " + keys.IMAP.key("password_file").reader.allowed)
    check_security(values, place)
    check_imap(values, place)
    if values["port"] is None:
        values["port"] = 993 if values["security"] == "tls" else 143
    if password is None or not all(good(one) for one in values.values()):
        return None
    wanted = {name: value for name, value in values.items() if name not in ("password_file", "password_credential")}
    return Imap(password=password, **wanted)


def _send(raw: Mapping[str, Any], maild: Mapping[str, Any], top: Place) -> Send:
    place = top.at("send")
    if "send" not in raw:
        place.fault('is required: a table [send] with transport = "smtp" or "maildir"')
        return Send("maildir", Path())
    values = read_table(keys.SEND, table_of(raw, "send", top), place)
    password = secret(values, "password", place)
    if values["transport"] == "smtp":
        if not values["host"]:
            place.at("host").fault('is required with transport = "smtp": ' + keys.SEND.key("host").reader.allowed)
        check_security(values, place)
        if values["username"] and password is None and not _any_secret(values):
            place.at("password_file").fault("is required beside username")
        if password is not None and not values["username"]:
            place.at("username").fault("is required beside a password")
    if values["maildir"] is None:
        values["maildir"] = maild["data_dir"] / "outgoing"
    if values["port"] is None:
        values["port"] = {"tls": 465, "starttls": 587}.get(str(values["security"]), 25)
    if any(value is INVALID for value in values.values()):
        return Send("maildir", Path())
    wanted = {name: value for name, value in values.items() if name not in ("password_file", "password_credential")}
    return Send(password=password, **wanted)


def _any_secret(values: Mapping[str, Any]) -> bool:
    return values["password_file"] is not None or values["password_credential"] is not None
