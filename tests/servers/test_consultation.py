"""A consultation through a real MTA both ways: client → Postfix → LMTP → maild → Postfix → Dovecot (rules M1, M7)."""

from __future__ import annotations

import pytest
from daemon.consultation import Post, consult
from daemon.letters import DESK, INBOX
from daemon.running import installed, parsed, quiet_port

from servers.dovecot import Dovecot
from servers.postfix import running_postfix

pytestmark = [pytest.mark.daemon, pytest.mark.usefixtures("postfix_installed")]


@pytest.mark.parametrize("client", ["kakureta@keitai.example", "kaku..reta.@keitai.example"])
def test_three_round_trips(own_dovecot: Dovecot, client: str) -> None:
    """The second client has an address as phones once had them: RFC 5321 knows no such thing (M5)."""
    with installed() as maild:
        lmtp = quiet_port()
        routes = {
            "desk.example": f"lmtp:inet:127.0.0.1:{lmtp}",
            "keitai.example": f"lmtp:inet:127.0.0.1:{own_dovecot.lmtp_port}",
            INBOX: f"lmtp:inet:127.0.0.1:{own_dovecot.lmtp_port}",
        }
        with running_postfix(routes) as postfix:
            maild.write_config(
                receive=f'[receive.lmtp]\nlisten = "127.0.0.1:{lmtp}"',
                send=f'[send]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {postfix.port}\nsecurity = "none"',
            )
            maild.start()
            consult(
                maild,
                Post(
                    client,
                    send=lambda sender, mail: postfix.submit(sender, [DESK], mail.as_bytes()),
                    box=lambda address: [parsed(kept.raw) for kept in own_dovecot.messages(address)],
                ),
            )
