"""maild's SMTP courier against a real Postfix: STARTTLS, AUTH, and what comes out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maild.config.model import Secret, Send
from maild.courier.port import Deferred, Delivered, Failed
from maild.courier.smtp import SmtpCourier
from maild.receive import smtp
from maild.store.records import Claimed
from servers import dovecot as dovecot_server
from servers.certificate import self_signed
from servers.conftest import need
from servers.postfix import Postfix
from servers.receiving import FileSpool, Loop

pytestmark = pytest.mark.usefixtures("postfix_installed")

BODY = b"From: soudan@desk.example\r\nTo: x@docomo.example\r\nSubject: x\r\n\r\n.dot\r\n..\r\nend\r\n"
MAIL = Claimed(
    id=1,
    message_id="<t@desk.example>",
    sender="soudan@desk.example",
    recipient="taro..san@docomo.example",
    data=BODY,
    attempts=1,
    created=datetime(2026, 1, 10, tzinfo=UTC),
    audience="client",
    case=1,
    template="ack",
)


GONE = "gone@docomo.example"


@contextmanager
def submission(next_hop: int, sasl: Path | None = None) -> Iterator[tuple[Postfix, Path]]:
    """A Postfix that wants STARTTLS, and a login where ``sasl`` is Dovecot's socket; and its certificate."""
    home = Path(tempfile.mkdtemp(prefix="maild-postfix-"))
    home.chmod(0o755)
    postfix = Postfix(home, {"docomo.example": f"smtp:[127.0.0.1]:{next_hop}"}, recipients=1)
    certificate, key = self_signed(home)
    lines = [
        f"smtpd_tls_cert_file = {certificate}",
        f"smtpd_tls_key_file = {key}",
        "smtpd_tls_security_level = encrypt",
        f"smtpd_recipient_restrictions = check_recipient_access inline:{{{{{GONE} = 550 5.1.1 User unknown}}}}",
    ]
    if sasl is not None:
        lines += [
            "smtpd_sasl_auth_enable = yes",
            "smtpd_sasl_type = dovecot",
            f"smtpd_sasl_path = {sasl}",
            "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
        ]
    with open(postfix.home / "conf" / "main.cf", "a") as config:
        config.write("\n".join(lines) + "\n")
    try:
        postfix.start()
        yield postfix, certificate
    finally:
        postfix.stop()
        shutil.rmtree(home, ignore_errors=True)


def test_over_starttls(running: Loop, spool: FileSpool) -> None:
    """A phone address that breaks RFC 5321 arrives, and dots stay dots."""
    listener = running.run(smtp.serve("127.0.0.1:0", spool, lambda _: True))
    with submission(listener.port) as (postfix, certificate):
        send = Send("smtp", Path(), host="127.0.0.1", port=postfix.port, ca_file=certificate)

        async def several() -> None:
            courier = SmtpCourier(send)
            assert await courier.probe() is None
            for number in range(20):
                verdict = await courier.deliver(replace(MAIL, id=number))
                assert isinstance(verdict, Delivered) and "queued as" in verdict.response
            assert await courier.deliver(replace(MAIL, recipient=GONE)) == Failed("550 5.1.1 user_unknown")
            await courier.close()
            bad = await SmtpCourier(replace(send, ca_file=None)).deliver(MAIL)
            assert isinstance(bad, Deferred) and bad.relay == "relay_certificate"
            plain = SmtpCourier(replace(send, security="none"))
            told = await plain.deliver(MAIL)  # 530 Must issue a STARTTLS command first: ours to mend, nobody's fault
            assert isinstance(told, Deferred) and told.code.startswith("530 5.7.0")
            await plain.close()

        running.run(several())
        mails = spool.wait(20)
        assert postfix.log().count("disconnect from") >= 3
    running.run(listener.close(0))
    assert len(mails) == 20
    assert {one.recipients for one in mails} <= {("taro..san@docomo.example",), ('"taro..san"@docomo.example',)}
    assert all(one.raw.endswith(b"\r\n\r\n.dot\r\n..\r\nend\r\n") for one in mails)


def test_with_a_login(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    """Postfix asks Dovecot. Without or with a wrong login nothing is lost and no client is to blame."""
    need(dovecot_server.missing())
    listener = running.run(smtp.serve("127.0.0.1:0", spool, lambda _: True))
    socket_dir = Path(tempfile.mkdtemp(prefix="maild-sasl-"))
    socket_dir.chmod(0o755)
    extra = f"service auth {{\n  unix_listener {socket_dir}/auth {{\n    mode = 0666\n  }}\n}}\n"
    secret = tmp_path / "secret"
    try:
        with (
            dovecot_server.running_dovecot(extra) as dovecot,
            submission(listener.port, socket_dir / "auth") as (postfix, certificate),
        ):
            send = Send(
                "smtp",
                Path(),
                host="127.0.0.1",
                port=postfix.port,
                username="desk",
                password=Secret("send.password_file", secret),
                ca_file=certificate,
            )

            async def several() -> None:
                courier = SmtpCourier(send)
                secret.write_text("wrong\n")
                refused = await courier.deliver(MAIL)
                assert isinstance(refused, Deferred) and refused.relay == "relay_refused_login"
                secret.write_text(dovecot.password + "\n")
                assert isinstance(await courier.deliver(MAIL), Delivered)
                await courier.close()
                stranger = SmtpCourier(replace(send, username="", password=None))
                told = await stranger.deliver(MAIL)  # 554 5.7.1 Recipient address rejected / Relay access denied
                assert isinstance(told, Deferred | Failed) and "554 5.7.1" in told.code
                await stranger.close()

            running.run(several())
            assert len(spool.wait(1)) == 1
    finally:
        shutil.rmtree(socket_dir, ignore_errors=True)
        running.run(listener.close(0))
