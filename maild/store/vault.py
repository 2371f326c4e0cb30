"""Encryption: what is sealed with which key, and the keyed hashes that look-ups go over (rules S1).

- The master key (a file) wraps, through a subkey (HKDF-SHA256), the data keys and the secrets of the key store.
- A data key (AES-256-GCM) seals the values of one case, or of one message where there is no case. The associated data
  of every sealed value name its table, row and column, so that no value can be moved to another place.
- Look-ups go over HMAC-SHA256 of length-prefixed parts, cut to 128 bits, each kind with a domain of its own. Before
  some stands what puts rows that are written together beside each other, so that an index that has grown does not cost
  a page for each of them: a number or a time that the row tells anyway.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from maild import tokens
from maild.store.errors import MissingKey, StoreError, TemporaryStoreError, WrongKey

KEY_BYTES = 32
_NONCE_BYTES = 12
_REMEMBERED = 2048


def load_or_create_key(path: Path, database_is_new: bool) -> bytes:
    """The 32-byte master key of the file. It is made only for a new database: a database whose key is gone cannot be
    read with another one, and a fresh key would hide that (interfaces, ``key_file``)."""
    path = Path(path)
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not database_is_new:
            raise MissingKey(
                f"A database exists but its master key {path} does not; put the key file back from where you keep it, "
                "or move the database away to start anew."
            ) from None
        return _create_key(path)
    except OSError as error:
        raise StoreError(f"The master key {path} cannot be read ({error.strerror}); look at its owner.") from None
    if len(key) != KEY_BYTES:
        raise WrongKey(f"The master key {path} must be exactly {KEY_BYTES} bytes; restore it from where you keep it.")
    return key


def _create_key(path: Path) -> bytes:
    key = os.urandom(KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Complete before it has its name: a crash must not leave half a key.
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)  # fails where another process was faster
        except FileExistsError:
            return load_or_create_key(path, True)
        finally:
            os.unlink(draft)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise TemporaryStoreError(f"The master key {path} cannot be created ({error.strerror}).") from None
    return key


def subkey(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose."""
    return HKDF(SHA256(), KEY_BYTES, None, f"maild {purpose}".encode()).derive(secret)


def new_secret() -> bytes:
    """32 random bytes of the operating system."""
    return os.urandom(KEY_BYTES)


def fresh_nonces(count: int) -> Iterator[bytes]:
    """Random bytes for ``seal``, of the operating system, drawn at one go. To be used up at once, not kept: two
    processes must never have the same."""
    drawn = os.urandom(_NONCE_BYTES * count)
    return (drawn[at : at + _NONCE_BYTES] for at in range(0, len(drawn), _NONCE_BYTES))


def seal(cipher: AESGCM, place: bytes, value: bytes, nonce: bytes | None = None) -> bytes:
    """The value encrypted for its place (table, row, column). ``nonce``: one of ``fresh_nonces``, for this alone."""
    if nonce is None:
        nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, value, place)


def unseal(cipher: AESGCM, place: bytes, sealed: bytes) -> bytes:
    """The value of that place; StoreError where it was changed or moved."""
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise StoreError(f"A stored value was changed or moved ({place.decode('ascii', 'replace')}).") from None


def place(table: str, row: int, column: str) -> bytes:
    """The associated data of a value."""
    return b"%s/%d/%s" % (table.encode(), row, column.encode())


class Mac:
    """HMAC-SHA256 (RFC 2104) with one key. What it makes of the key is made once, which is half of a short message."""

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, SHA256())

    def digest(self, message: bytes) -> bytes:
        """32 bytes."""
        mac = self._keyed.copy()
        mac.update(message)
        return mac.finalize()


class Hasher:
    """Keyed hashes for look-ups: 128 bits; without the secret nobody can try addresses against them."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac
        self._known: dict[tuple[str, ...], bytes] = {}

    def fresh(self) -> Hasher:
        """The same with a memory of its own, for one transaction: it hashes the same address a dozen times."""
        return Hasher(self._mac)

    def _hash(self, named: tuple[str, ...], message: bytes, beside: bytes = b"") -> bytes:
        """Of what is named so: the domain and its parts, each with its length before it. ``beside``: stands before it,
        in clear."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        known = self._known[named] = beside + self._mac.digest(message)[:16]
        return known

    def client(self, desk: str, address: str) -> bytes:
        """A client of a desk: addresses are not comparable across desks."""
        named = ("client", desk, address)
        return self._known.get(named) or self._hash(
            named, _bytes(f"client\0{len(desk)}:{desk}\0{len(address)}:{address}")
        )

    def recipient(self, address: str) -> bytes:
        """An address we write to."""
        named = ("recipient", address)
        return self._known.get(named) or self._hash(named, _bytes(f"recipient\0{len(address)}:{address}"))

    def sent(self, message_id: str) -> bytes:
        """A Message-ID of ours."""
        named = ("sent", message_id)
        return self._known.get(named) or self._hash(
            named, _bytes(f"sent\0{len(message_id)}:{message_id}"), _time_in(message_id)
        )

    def foreign(self, desk: str, address: str, message_id: str) -> bytes:
        """A Message-ID of somebody else's mail to a desk."""
        named = ("foreign", desk, address, message_id)
        return self._known.get(named) or self._hash(
            named,
            _bytes(f"foreign\0{len(desk)}:{desk}\0{len(address)}:{address}\0{len(message_id)}:{message_id}"),
        )

    def once(self, key: str) -> bytes:
        """The key of a mail that is queued once."""
        named = ("once", key)
        return self._known.get(named) or self._hash(named, _bytes(f"once\0{len(key)}:{key}"), _spooled_in(key))

    def body(self, desk: str, address: str, body: str) -> bytes:
        """The normalised body of a client's mail, comparable for that client only."""
        named = ("body", desk, address, body)
        return self._known.get(named) or self._hash(
            named,
            _bytes(f"body\0{len(desk)}:{desk}\0{len(address)}:{address}\0{len(body)}:{body}"),
        )

    def case_body(self, case: int, body: str) -> bytes:
        """The normalised body of a mail in a case, comparable in that case only."""
        named = ("case body", str(case), body)
        return self._known.get(named) or self._hash(
            named, _bytes(f"case body\0{len(named[1])}:{case}\0{len(body)}:{body}"), _number(case)
        )


def _time_in(message_id: str) -> bytes:
    """The time that our tokens begin with (``maild.tokens``); nothing of any other Message-ID."""
    ours = message_id[:1] == "<" and message_id[1 + tokens.LENGTH : 2 + tokens.LENGTH] == "@"
    return message_id[1 : 1 + tokens.TIME].encode("ascii", "replace") if ours else bytes(tokens.TIME)


def _spooled_in(once: str) -> bytes:
    """The number of the mail that makes us write once (``mail:12:…``)."""
    kind, _, rest = once.partition(":")
    number = rest.partition(":")[0]
    return _number(int(number) if kind == "mail" and number.isdecimal() and len(number) < 15 else 0)


def _number(number: int) -> bytes:
    return number.to_bytes(6, "big")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
