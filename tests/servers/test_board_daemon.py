"""The board of a running desk: Postfix carries its mail into Dovecot, and the notices follow the case."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from daemon.letters import COUNSELOR, DESK, INBOX, answer, first_mail, mail
from daemon.running import Maild, installed, parsed, until

from maild.board import OURS
from maild.receive.mailbox_name import encode, quote
from servers.dovecot import PASSWORD, Dovecot, Kept
from servers.postfix import running_postfix

pytestmark = [pytest.mark.daemon, pytest.mark.usefixtures("postfix_installed")]
CLIENT = "kakureta@keitai.example"


def board(maild: Maild, dovecot: Dovecot, port: int | None = None) -> str:
    secret = maild.home / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    return f"""[desk.board]
host = "127.0.0.1"
port = {port or dovecot.imaps_port}
ca_file = "{dovecot.certificate}"
username = "{INBOX}"
password_file = "{secret}"
"""


def test_notices_follow_the_case(own_dovecot: Dovecot) -> None:
    everybody = f"lmtp:inet:127.0.0.1:{own_dovecot.lmtp_port}"

    def there(folder: str) -> list[Kept]:
        return own_dovecot.messages(INBOX, quote(encode(folder)))

    def wait(folder: str, number: int, log: Callable[[], str]) -> list[Kept]:
        def all_of_them() -> bool:
            return len(there(folder)) == number and not there("INBOX")

        until(all_of_them, f"{number} notices in {folder}", show=log)
        return there(folder)

    with installed() as maild, running_postfix({"desk.example": everybody, "keitai.example": everybody}) as postfix:
        send = f'[send]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {postfix.port}\nsecurity = "none"'
        maild.write_config(send=send, rules=board(maild, own_dovecot))
        maild.start()
        maild.send(first_mail(CLIENT))
        (notice,) = wait("対応待ち", 1, maild.log)
        assert notice.flags == set()

        maild.send(answer(parsed(notice.raw), COUNSELOR, "お返事です。"))
        wait("返信済み", 2, maild.log)  # the notice, and that the reply was delivered
        assert there("対応待ち") == []

        maild.send(mail(CLIENT, DESK, "もうだめです", "死にたいです。"))
        urgent = wait("対応待ち", 3, maild.log)
        until(lambda: all({"\\Flagged", OURS} <= one.flags for one in there("対応待ち")), "flags", show=maild.log)

        maild.send(answer(parsed(urgent[-1].raw), COUNSELOR, "#taken\n#clear-crisis\n#close"))
        until(lambda: len(there("終了")) == 3 and not there("対応待ち"), "all in 終了", show=maild.log)
        until(lambda: not any(one.flags for one in there("終了")), "no flags", show=maild.log)

        # the board's server is gone: mail goes its way
        maild.write_config(rules=board(maild, own_dovecot, port=1))
        maild.signal(signal.SIGHUP)
        maild.told("READY=1")
        maild.says("board_failed")
        maild.send(first_mail("betsu@keitai.example"))
        until(lambda: len(there("INBOX")) == 1, "a notice", show=maild.log)
        maild.write_config(rules=board(maild, own_dovecot))
        maild.signal(signal.SIGHUP)
        wait("対応待ち", 1, maild.log)
        maild.stop()
        maild.sound()
        assert CLIENT not in maild.log() and INBOX not in maild.log()
