"""Readers of single values: each says in words what it allows and notes a fault instead of raising."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from maild.config.reading import INVALID, Place, Reader, good

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_TEXT = 2000  # characters of one value

_ADDRESS = re.compile(r"([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64})@([A-Za-z0-9.-]{1,253})", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def integer(low: int, high: int, note: str = "") -> Reader:
    """A whole number from low to high; ``note`` says what an end of the range means."""
    allowed = f"a whole number from {low} to {high}{f' ({note})' if note else ''}"

    def read(value: object, place: Place) -> Any:
        if type(value) is not int or not low <= value <= high:
            return place.fault(f"is {allowed}", value)
        return value

    return Reader(read, allowed)


def _boolean(value: object, place: Place) -> Any:
    return value if isinstance(value, bool) else place.fault("is true or false", value)


boolean = Reader(_boolean, "true or false")


def text(high: int = MAX_TEXT, *, empty: bool = False, lines: bool = False, secret: bool = False) -> Reader:
    """A text; on one line unless ``lines``, so that nothing can slip into a header through the config."""
    allowed = f"a text of {0 if empty else 1} to {high} characters" + ("" if lines else " on one line")

    def read(value: object, place: Place) -> Any:
        if not isinstance(value, str) or len(value) > high or not (empty or value.strip()):
            return place.fault(f"is {allowed}", value, secret=secret)
        if any(not one.isprintable() and not (lines and one == "\n") for one in value):
            return place.fault(f"is {allowed}, without control characters", value, secret=secret)
        return value

    return Reader(read, allowed)


def one_of(*choices: str) -> Reader:
    """One of a few words."""
    allowed = "one of " + ", ".join(choices)

    def read(value: object, place: Place) -> Any:
        return value if isinstance(value, str) and value in choices else place.fault(f"is {allowed}", value)

    return Reader(read, allowed)


def _name(value: object, place: Place) -> Any:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    return place.fault(f"is {name.allowed}", value)


def _credential(value: object, place: Place) -> Any:
    if isinstance(value, str) and _CREDENTIAL.fullmatch(value):
        return value
    return place.fault(f"is {credential.allowed}", value)


credential = Reader(_credential, "the name of a systemd credential: letters, digits, _ and -, such as imap-password")
name = Reader(_name, "a short name of small letters, digits, - and _, beginning with a letter")


def valid_host(value: str) -> bool:
    """Whether it is a host name or an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        labels = value.removesuffix(".").split(".")
        return len(value) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    return True


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine hears what is said to the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def _host(value: object, place: Place) -> Any:
    if isinstance(value, str) and valid_host(value):
        return value.lower()
    return place.fault(f"is {host.allowed}", value)


host = Reader(_host, "a host name or an IP address")


def _address(value: object, place: Place) -> Any:
    """The canonical form: both parts compare without case (rules M2). Phone addresses with odd dots pass (M5)."""
    if isinstance(value, str) and "<" in value:
        return place.fault("is the bare mail address, such as soudan@example.jp, without a name and brackets", value)
    if isinstance(value, str) and value.isascii():
        found = _ADDRESS.fullmatch(value)
        if found and all(_LABEL.fullmatch(label) for label in found[2].split(".")):
            return value.lower()
    return place.fault(f"is {address.allowed}", value)


address = Reader(_address, "a mail address such as soudan@example.jp (a domain outside ASCII in its xn-- form)")


def listing(one: Reader, *, least: int = 0, distinct: bool = True) -> Reader:
    """A list of values that are read one by one."""
    allowed = f"a list of {f'at least {least} of: ' if least else ''}{one.allowed}"

    def read(value: object, place: Place) -> Any:
        if not isinstance(value, list):
            return place.fault(f"is {allowed}; write it in brackets, [ … ]", value)
        if len(value) < least:
            return place.fault(f"is {allowed}", value)
        found = [one.read(entry, place.at(index)) for index, entry in enumerate(value)]
        if not all(good(entry) for entry in found):
            return INVALID
        if distinct:
            for index, entry in enumerate(found):
                if entry in found[:index]:
                    return place.at(index).fault("stands in the list twice", value[index])
        return tuple(found)

    return Reader(read, allowed)


def _endpoint(value: object, place: Place) -> Any:
    if isinstance(value, str):
        where, colon, port = value.rpartition(":")
        where = where[1:-1] if where.startswith("[") and where.endswith("]") else where
        if colon and valid_host(where) and port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535:
            return (where, int(port), None)
    return place.fault(f"is {endpoint.allowed}", value)


endpoint = Reader(_endpoint, 'host:port with a port from 1 to 65535, such as "127.0.0.1:8025" or "[::1]:8025"')


def _endpoint_or_socket(value: object, place: Place) -> Any:
    if isinstance(value, str) and value.startswith("unix:"):
        socket = Path(value.removeprefix("unix:"))
        # sun_path of unix(7) holds 108 bytes with its NUL.
        if not socket.is_absolute() or len(str(socket).encode()) > 107:
            return place.fault(
                "is unix: and an absolute path of at most 107 bytes, such as unix:/run/maild/lmtp.sock", value
            )
        if place.notes.require_files and not socket.parent.is_dir():
            place.warn("the directory of the socket does not exist yet; systemd makes it, or mkdir")
        return ("", 0, socket)
    if isinstance(value, str):
        found = _endpoint(value, Place(place.path, type(place.notes)(place.notes.base, False)))
        if good(found):
            return found
    return place.fault(f"is {endpoint_or_socket.allowed}", value)


endpoint_or_socket = Reader(
    _endpoint_or_socket, 'host:port such as "127.0.0.1:8024", or "unix:" and an absolute path of at most 107 bytes'
)


def _path(value: object, place: Place) -> Any:
    # Longer ones, whole or in one step, are refused by the system with an error of its own.
    if (
        isinstance(value, str)
        and 0 < len(value) <= 1000
        and value.isprintable()
        and max(len(step.encode()) for step in value.split("/")) <= 255
    ):
        return (place.notes.base / value).absolute()
    return place.fault(f"is {path.allowed}", value)


path = Reader(_path, "a path; a relative one is relative to the config file")


def _file(value: object, place: Place) -> Any:
    found = _path(value, place)
    if not good(found) or not place.notes.require_files:
        return found
    try:
        with open(found, "rb") as stream:
            stream.read(1)
    except FileNotFoundError:
        return place.fault("names a file that does not exist", value)
    except IsADirectoryError:
        return place.fault("names a directory; a file is wanted", value)
    except OSError:
        return place.fault("names a file that cannot be read by this user", value)
    return found


file = Reader(_file, "a readable file; a relative path is relative to the config file")


def private_file(found: Path, place: Place, value: object) -> bool:
    """Notes a fault where everybody on the machine may read the file: then it is no secret."""
    try:
        mode = found.stat().st_mode
    except OSError:
        return True
    if mode & 0o004:
        place.fault("names a file that everybody on this machine can read: chmod 600 it", value)
        return False
    return True


def _secret_file(value: object, place: Place) -> Any:
    found = _file(value, place)
    if good(found) and place.notes.require_files:
        if not private_file(found, place, value):
            return INVALID
        if found.stat().st_size == 0:
            return place.fault("names an empty file; its first line is the secret", value)
    return found


secret_file = Reader(_secret_file, "a file whose first line is the secret, and that only maild can read")


def _timezone(value: object, place: Place) -> Any:
    if isinstance(value, str):
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            pass
        else:
            return value
    return place.fault(f"is {timezone.allowed}", value)


timezone = Reader(_timezone, "an IANA time zone such as Asia/Tokyo")


def _day(value: object, place: Place) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    return place.fault(f"is {day.allowed}", value)


day = Reader(_day, "a date such as 2026-04-01")


def _clock(value: object, place: Place) -> Any:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str):
        found = _CLOCK.fullmatch(value)
        if found:
            return time(int(found[1]), int(found[2]))
    return place.fault(f"is {clock.allowed}", value)


clock = Reader(_clock, 'a time of the desk\'s clock such as "09:00"')


def _weekday(value: object, place: Place) -> Any:
    if isinstance(value, str) and value.lower() in WEEKDAYS:
        return WEEKDAYS.index(value.lower())
    return place.fault(f"is {weekday.allowed}", value)


weekday = Reader(_weekday, "one of " + ", ".join(WEEKDAYS))


def _url(value: object, place: Place) -> Any:
    if isinstance(value, str) and len(value) <= 500 and value.isascii() and value.isprintable():
        scheme, colon, rest = value.partition("://")
        if value == "" or (colon and scheme in ("https", "http") and rest and " " not in value):
            return value
    return place.fault(f"is {url.allowed}", value)


url = Reader(_url, "an address that begins with https:// or http://")


def _rising_days(value: object, place: Place) -> Any:
    found = listing(integer(1, 365)).read(value, place)
    if good(found) and list(found) != sorted(found):
        return place.fault("is in rising order, such as [3, 7, 9]", value)
    return found


rising_days = Reader(_rising_days, "a list of days in rising order, such as [3, 7, 9]; [] for none")


def _database(value: object, place: Place) -> Any:
    """The URL with an absolute path; a password in it is a fault."""
    if isinstance(value, str) and value.isprintable():
        scheme, _, rest = value.partition("://")
        if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and "?" not in rest:
            return "sqlite:///" + str((place.notes.base / rest[1:]).absolute())
        if scheme in ("postgresql", "postgresql+psycopg") and rest:
            if ":" in rest.partition("/")[0].rpartition("@")[0] or "password=" in rest:
                return place.fault(
                    "holds a password; put it into a file and name it in maild.database_password_file",
                    value,
                    secret=True,
                )
            return "postgresql+psycopg://" + rest
    return place.fault(f"is {database.allowed}", value)


database = Reader(_database, "sqlite:///path/to/file.db or postgresql://user@host/name")
