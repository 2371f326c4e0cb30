"""A consultation of a desk that reads its mail over IMAP and sends through Postfix; IMAP servers that are away
(rules M1, M8, C6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from daemon.cases import silent_case
from daemon.consultation import Post, consult
from daemon.letters import DESK, answer, first_mail, mail
from daemon.running import Maild, installed, parsed, until

from servers.dovecot import PASSWORD, Dovecot
from servers.postfix import running_postfix

pytestmark = [pytest.mark.daemon, pytest.mark.usefixtures("postfix_installed")]
CLIENT = "kakureta@keitai.example"


def reads(maild: Maild, dovecot: Dovecot, after: str, *, idle: bool = True) -> str:
    """[[receive.imap]] for the desk's mailbox."""
    secret: Path = maild.home / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    return f"""[[receive.imap]]
host = "127.0.0.1"
port = {dovecot.imaps_port}
security = "tls"
ca_file = "{dovecot.certificate}"
username = "{DESK}"
password_file = "{secret}"
poll_seconds = 10
idle = {str(idle).lower()}
after = "{after}"
{'move_to = "maild"' if after == "move" else ""}
"""


@pytest.mark.parametrize("after", ["delete", "move", "keep"])
def test_three_round_trips(own_dovecot: Dovecot, after: str) -> None:
    everybody = f"lmtp:inet:127.0.0.1:{own_dovecot.lmtp_port}"
    with installed() as maild, running_postfix({"desk.example": everybody, "keitai.example": everybody}) as postfix:
        maild.write_config(
            receive=reads(maild, own_dovecot, after),
            send=f'[send]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {postfix.port}\nsecurity = "none"',
        )
        maild.start()
        consult(
            maild,
            Post(
                CLIENT,
                send=lambda sender, mail: postfix.submit(sender, [DESK], mail.as_bytes()),
                box=lambda address: [parsed(kept.raw) for kept in own_dovecot.messages(address)],
            ),
        )
    written = 7  # three mails of the client, three of the counselor, one question too many
    left, moved = own_dovecot.messages(DESK), own_dovecot.messages(DESK, "maild")
    assert (len(left), len(moved)) == {"delete": (0, 0), "move": (0, written), "keep": (written, 0)}[after]
    assert all("\\Seen" not in kept.flags for kept in left)  # whoever else reads the mailbox sees no difference (M8)


def test_an_imap_server_that_comes_later(own_dovecot: Dovecot) -> None:
    own_dovecot.append(DESK, first_mail(CLIENT).as_bytes())
    own_dovecot.stop()
    with installed() as maild:
        maild.write_config(receive=reads(maild, own_dovecot, "delete") + "\n" + maild.receive)
        maild.start()
        said = maild.says("imap_failed")
        assert "source=imap:127.0.0.1:" in said and DESK not in said.partition("imap_failed")[2]
        # the other way in is open meanwhile
        maild.send(first_mail("jiro@phone.example"))
        maild.mail_to("jiro@phone.example")
        own_dovecot.start()
        maild.mail_to(CLIENT)
        until(lambda: not own_dovecot.messages(DESK), "what was kept is deleted", show=maild.log)
        # away in the middle, and back
        own_dovecot.stop()
        maild.says("imap_failed", len(maild.log()))
        own_dovecot.start()
        own_dovecot.append(DESK, first_mail("saburo@phone.example").as_bytes())
        maild.mail_to("saburo@phone.example")
        assert maild.log().count("maild.app running") == 1
        maild.stop()
        maild.sound()


def test_no_case_closes_before_the_mailbox_was_read(own_dovecot: Dovecot) -> None:
    """C6: the daemon was away over two deadlines, and the mailbox still is. One client had written in time (C7)."""
    now = datetime.now(UTC)
    with installed() as maild:
        maild.write_config(receive=reads(maild, own_dovecot, "delete") + "\n" + maild.receive, rules="grace_hours = 0")
        silent = silent_case(maild, "silent@keitai.example", now - timedelta(days=33))
        spoke = silent_case(maild, CLIENT, now - timedelta(days=32))
        in_time = answer(mail(DESK, CLIENT, "Re: x", "お返事"), CLIENT, "間に合うように書きました。")
        own_dovecot.append(DESK, in_time.as_bytes(), arrived=now - timedelta(days=5))
        own_dovecot.stop()
        maild.start()
        maild.says("imap_failed")
        maild.send(first_mail("jiro@phone.example"))
        maild.mail_to("jiro@phone.example")
        until(maild.idle, "nothing waits", show=maild.log)
        with maild.store() as store:
            assert {case.state for case in store.list_cases() if case.number in (silent, spoke)} == {"waiting_client"}
        own_dovecot.start()
        maild.mail_to("silent@keitai.example")
        until(lambda: spoke in [row.case for row in maild.delivered()], "the other was heard", show=maild.log)
        until(maild.idle, "nothing waits", show=maild.log)
        with maild.store() as store:
            cases = {case.number: case for case in store.list_cases()}
        assert [row.template for row in maild.delivered() if row.case == silent] == ["closed_silence"]
        assert (cases[silent].state, cases[silent].reason) == ("closed", "silence")
        assert cases[spoke].state == "waiting_desk" and cases[spoke].round_trip == 2
        maild.stop()
        maild.sound()
