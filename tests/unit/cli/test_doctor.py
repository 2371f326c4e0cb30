"""``maild doctor`` through its real entry: what is wrong is found, and said with what to do (rules M8, S1, S5)."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from asyncio import new_event_loop as new_loop
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiosmtpd.controller import UnthreadedController
from cli_office import CLIENT, DESK, Office
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from maild.config import Send
from maild.operate.doctor_servers import certificate_file, relay
from maild.store import Incoming


def findings(office: Office, code: int) -> dict[str, list[tuple[str, str, str]]]:
    """What the doctor says, by what it is about."""
    found, out, err = office.run("doctor", "--json")
    assert found == code, out + err
    said = json.loads(out)
    assert said["good"] == (code == 0)
    grouped: dict[str, list[tuple[str, str, str]]] = {}
    for one in said["findings"]:
        assert one["level"] != "FAIL" or one["advice"], one  # a failure says what to do
        grouped.setdefault(one["about"], []).append((one["level"], one["words"], one["advice"]))
    return grouped


def test_a_new_installation_is_well_and_nothing_is_made(office: Office) -> None:
    found = findings(office, 0)
    assert found["database"][0][0] == "ok" and not (office.root / "var" / "maild.db").exists()
    assert found["daemon"][0][0] == "warn"
    assert found["templates"][0][0] == "ok"


def test_one_that_works_is_well(office: Office) -> None:
    office.mail()
    found = findings(office, 0)
    for about in ("key", "consistency", "audit", "clock", "modes", "send", "spool", "outbox", "disk"):
        assert [level for level, _, _ in found[about]] == ["ok"] * len(found[about]), about
    code, out, _ = office.run("doctor")
    assert code == 0 and CLIENT not in out and "ok" in out


def test_the_wrong_key(office: Office) -> None:
    office.mail()
    key = office.root / "var" / "maild.key"
    kept = key.read_bytes()
    key.write_bytes(bytes(reversed(kept.strip())) + b"\n")
    assert findings(office, 1)["key"][0][0] == "FAIL"
    key.unlink()
    assert "FAIL" in {level for one in findings(office, 1).values() for level, _, _ in one}
    assert not key.exists()  # and none is made
    key.write_bytes(kept)
    key.chmod(0o600)


@pytest.mark.parametrize("name", ["maild.key", "maild.db", "maild.keys.db"])
def test_files_that_others_may_read(office: Office, name: str) -> None:
    office.mail()
    path = office.root / "var" / name
    path.chmod(0o644)
    (level, words, advice) = findings(office, 1)["modes"][0]
    assert level == "FAIL" and "644" in words and "chmod 600" in advice
    path.chmod(0o600)


def test_mail_that_waits(office: Office) -> None:
    office.mail()
    store = office.store()
    store.accept([Incoming("smtp", office.now, CLIENT, (DESK,), b"From: x\n\n")])
    broken = store.accept([Incoming("smtp", office.now, CLIENT, (DESK,), b"From: y\n\n")])[0]
    store.quarantine(broken, "crashed_or_hung", office.now)
    store.close()
    found = findings(office, 1)
    assert found["spool"][0][0] == "FAIL" and "2 days" in found["spool"][0][1]
    assert found["quarantine"][0][0] == "warn"


def test_mail_that_does_not_get_out(office: Office) -> None:
    office.mail()
    assert office.run("case", "close", "1")[0] == 0
    assert findings(office, 0)["outbox"][0][0] == "ok"  # it waits for a moment only
    store = office.store()
    for mail in store.claim(datetime.now(UTC) + timedelta(seconds=1), 10):
        store.failed(mail.id, datetime.now(UTC), "550 5.1.1 user_unknown")
    store.close()
    assert [level for level, _, _ in findings(office, 0)["outbox"]] == ["ok", "warn"]


def test_a_clock_that_was_set_back(office: Office) -> None:
    office.later(days=9)  # beyond the real now, at which the doctor looks
    office.mail()
    assert findings(office, 1)["clock"][0][0] == "FAIL"


def test_a_source_that_was_not_read(office: Office) -> None:
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text(text + '\n[receive.smtp]\nlisten = "127.0.0.1:8025"\n', encoding="utf-8")
    office.mail()
    assert findings(office, 0)["sources"] == [("warn", "smtp: never read", "it is read while maild runs")]
    store = office.store()
    store.register_sources({"smtp": 20.0})
    store.source_read("smtp", datetime.now(UTC))
    store.close()
    assert findings(office, 0)["sources"][0][0] == "ok"


def test_a_paused_desk_and_a_bad_config(office: Office) -> None:
    office.mail()
    assert office.run("pause", "soudan")[0] == 0
    assert findings(office, 0)["desks"] == [("warn", "soudan is paused", "maild resume soudan, once it goes on")]
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text("[maild]\nwhat = 1\n", encoding="utf-8")
    assert {level for level, _, _ in findings(office, 1)["config"]} == {"FAIL"}
    office.config.write_text(text, encoding="utf-8")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, kept by a socket that is bound and silent."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


def test_servers_that_are_not_there(office: Office, closed_port: int) -> None:
    (office.root / "secret").write_text("hidden-word\n", encoding="utf-8")
    (office.root / "secret").chmod(0o600)
    text = office.config.read_text(encoding="utf-8")
    text = text.replace(
        'transport = "maildir"\nmaildir = "var/outgoing"',
        f'transport = "smtp"\nhost = "127.0.0.1"\nport = {closed_port}\nsecurity = "none"',
    )
    text += (
        f'\n[[receive.imap]]\nhost = "127.0.0.1"\nport = {closed_port}\nsecurity = "none"\n'
        'username = "soudan"\npassword_file = "secret"\n'
    )
    office.config.write_text(text, encoding="utf-8")
    found = findings(office, 1)
    assert found["send"][0][0] == "FAIL" and "relay_unreachable" in found["send"][0][1]
    assert found["imap"][0][0] == "FAIL" and "no_connection" in found["imap"][0][1]
    assert "hidden-word" not in str(found)


def certificate(office: Office, days: float) -> tuple[Path, Path]:
    """A certificate of this installation for 127.0.0.1 that ends in so many days, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7).not_valid_before(now - timedelta(days=90))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), True)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    made = builder.not_valid_after(now + timedelta(days=days, hours=1)).sign(key, hashes.SHA256())
    paths = office.root / "cert.pem", office.root / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@pytest.mark.parametrize(("days", "level"), [(-1, "FAIL"), (3, "warn"), (60, "ok")])
def test_certificates_of_ours(office: Office, days: int, level: str) -> None:
    path, _ = certificate(office, days)
    assert certificate_file("receive.smtp", path, datetime.now(UTC)).level == level
    path.write_bytes(b"nothing")
    assert certificate_file("receive.smtp", path, datetime.now(UTC)).level == "FAIL"


class Polite:
    """A relay that greets and says farewell; it must not be given a mail."""

    async def handle_MAIL(self, *_: object) -> str:
        raise AssertionError("the doctor sends nothing")


@pytest.mark.parametrize(("days", "levels"), [(60, ["ok", "ok"]), (3, ["ok", "warn"]), (-1, ["FAIL"])])
def test_the_relay_and_its_certificate(office: Office, days: int, levels: list[str]) -> None:
    cert, key = certificate(office, days)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    loop = new_loop()
    server = UnthreadedController(Polite(), hostname="127.0.0.1", port=port, ssl_context=context, loop=loop)
    server.begin()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        send = Send("smtp", office.root, "127.0.0.1", port, "tls", ca_file=cert)
        found = relay(send, datetime.now(UTC))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.end()
        loop.close()
    assert [one.level for one in found] == levels
    if days < 0:
        assert "certificate" in found[0].advice
