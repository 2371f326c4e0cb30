"""A counselor with a real mail program in a terminal: Neomutt on a Dovecot mailbox, its usual attribution, quoting and
signature, sending through Postfix (rules P2, P3, P6, M7)."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
from daemon.letters import COUNSELOR, DESK, INBOX, answer, first_mail
from daemon.running import PATIENCE, Maild, installed, parsed, until

from servers.conftest import need
from servers.dovecot import PASSWORD, Dovecot
from servers.postfix import Postfix, running_postfix

pytestmark = [pytest.mark.daemon, pytest.mark.servers, pytest.mark.usefixtures("postfix_installed")]
CLIENT = "yoru@keitai.example"
FIRST = """メールをありがとうございます。
眠れない夜が続いているのですね。

From は英語でも、ここは文の一部です。
. 点だけで始まる行も、そのまま届きます。
  二字下げた行もあります。
100% ＝ すべて。"""
SECOND = "つづきを読みました。\n\nまたいつでも書いてください。"
# What the status line says; no two share a character in one place, since a terminal is sent only what changes.
LIST, MAIL, DRAFT = "~~~~~~~~", "^^^^^^^^", "++++++++"
MUTTRC = """
set config_charset="utf-8" charset="utf-8" send_charset="{charset}"
set from="{counselor}" realname="佐藤花子" use_from=yes user_agent=yes hostname="lavender-pc.house.example"
set folder="imap://127.0.0.1:{imap}/" spoolfile="imap://127.0.0.1:{imap}/INBOX"
set imap_user="{inbox}" imap_pass="{password}" imap_authenticators="plain" ssl_starttls=no ssl_force_tls=no
set smtp_url="smtp://127.0.0.1:{smtp}/" smtp_authenticators=""
set editor="{home}/editor" signature="{home}/signature" sig_dashes=yes
set fast_reply=yes include=yes copy=no abort_unmodified=no confirm_append=no mark_old=no beep=no wait_key=no
set header_cache="" message_cachedir="" mail_check=1 timeout=1 sort=date sleep_time=0
set index_format="%s" status_format="{index}" pager_format="{pager}" compose_format="{compose}"
"""


class Terminal:
    """A program under a pseudo-terminal: keys in, screen out."""

    def __init__(self, command: list[str], home: Path) -> None:
        self._seen = ""
        self._mark = 0
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "vt100", "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:
                return
            if not data:
                return
            self._seen += data.decode("utf-8", "replace")

    def shows(self, words: str) -> None:
        """Wait until the screen has said this, since the last key."""
        until(lambda: words in self._plain(), f"{words!r} on the screen", show=lambda: self._plain()[-3000:])

    def _plain(self) -> str:
        return re.sub(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])", "", self._seen[self._mark :])

    def press(self, keys: str) -> None:
        self._mark = len(self._seen)
        os.write(self._terminal, keys.encode())

    def close(self) -> None:
        """Whether it ended by itself or not."""
        self._process.kill()
        self._process.wait()
        self._reading.join(10)  # the end of the program ends its terminal
        os.close(self._terminal)

    def ended(self) -> None:
        assert self._process.wait(PATIENCE) == 0


class Counselor:
    """Somebody at a terminal with Neomutt, whose editor puts what is to be said above the quoted notice."""

    def __init__(self, home: Path, dovecot: Dovecot, postfix: Postfix, charset: str) -> None:
        self.home = home
        home.mkdir()
        editor = home / "editor"
        editor.write_text(
            f'#!/bin/sh\n{{ cat "{home}/said"; echo; cat "$1"; }} > "{home}/new" && cat "{home}/new" > "$1"\n'
        )
        editor.chmod(0o755)
        (home / "signature").write_text(f"佐藤花子 {COUNSELOR}\n電話 090-1234-5678\n")
        password = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        (home / "muttrc").write_text(
            MUTTRC.format(counselor=COUNSELOR, imap=dovecot.imap_port, smtp=postfix.port, inbox=INBOX, home=home,
                          password=password, charset=charset, index=LIST, pager=MAIL, compose=DRAFT)
        )  # fmt: skip

    def answers(self, text: str, subject: str) -> None:
        """Open the newest mail with this subject and reply to it with the notice quoted below."""
        (self.home / "said").write_text(text + "\n")
        screen = Terminal(["setsid", "--ctty", "--wait", "neomutt", "-n", "-F", str(self.home / "muttrc")], self.home)
        try:
            screen.shows(LIST)
            screen.press(f"/~s {subject}\n")
            screen.press("\n")
            screen.shows(MAIL)
            screen.press("r")
            screen.shows(DRAFT)
            assert text.splitlines()[0] in self._draft()
            screen.press("y")
            screen.shows(MAIL)
            screen.press("q")
            screen.shows(LIST)
            screen.press("q")
            screen.ended()
        finally:
            screen.close()

    def _draft(self) -> str:
        return (self.home / "new").read_text()


@pytest.fixture(scope="module", autouse=True)
def neomutt() -> None:
    need(None if shutil.which("neomutt") else "neomutt (tests/servers/install.sh)")


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp"])
def test_p2_a_counselor_answers_with_neomutt(dovecot: Dovecot, charset: str) -> None:
    client = f"{charset.replace('-', '')}.{CLIENT}"
    for one in dovecot.messages(INBOX):
        dovecot.doveadm("expunge", "-u", INBOX, "mailbox", "INBOX", "uid", str(one.uid))
    lmtp = f"lmtp:inet:127.0.0.1:{dovecot.lmtp_port}"
    with installed() as maild, running_postfix({"desk.example": lmtp, "keitai.example": lmtp}) as postfix:
        postfix.route({DESK: f"smtp:[127.0.0.1]:{maild.port}", "desk.example": lmtp, "keitai.example": lmtp})
        table = f'host = "127.0.0.1"\nport = {postfix.port}\nsecurity = "none"'
        maild.write_config(send=f'[send]\ntransport = "smtp"\n{table}')
        maild.start()
        counselor = Counselor(maild.home / "counselor", dovecot, postfix, charset)

        def box(address: str, number: int) -> EmailMessage:
            mails = until(lambda: dovecot.messages(address)[number - 1 :], f"mail {number}", show=maild.log)
            return parsed(mails[0].raw)

        maild.send(first_mail(client))
        assert "お返事のしかた" in box(INBOX, 1).get_content()
        box(client, 1)  # the acknowledgement
        counselor.answers(FIRST, "新着")
        reply = box(client, 2)
        assert said(reply) == FIRST
        nothing_else(reply, maild)
        assert "届けました" in str(box(INBOX, 2)["Subject"])

        maild.send(answer(reply, client, "ありがとうございます。続きです。"))
        box(INBOX, 3)
        counselor.answers(SECOND, "2/3")

        def second() -> list[EmailMessage]:
            found = [parsed(one.raw) for one in dovecot.messages(client)]
            return [one for one in found if "つづきを" in one.get_content()]

        again = until(second, "the second reply", show=maild.log)[0]
        assert said(again) == SECOND
        nothing_else(again, maild)
        maild.stop()
        maild.sound()


def said(reply: EmailMessage) -> str:
    """What the counselor says in a reply: all above the line of ours."""
    text = str(reply.get_content()).replace("\r\n", "\n")
    return text.partition("\n\n----------------\n")[0]


def nothing_else(reply: EmailMessage, maild: Maild) -> None:
    own = [value for name, value in reply.items() if name.lower() not in ("received", "return-path", "delivered-to")]
    text = "\n".join(map(str, own)) + str(reply.get_content())
    for secret in ("佐藤", "花子", "sato", "090-1234", "lavender", "NeoMutt", "wrote", "お返事のしかた", "counselors"):
        assert secret not in text, secret
    assert reply["From"].addresses[0].addr_spec == DESK and reply["Auto-Submitted"] is None
