"""Clients that write at once and insist, as an MTA does: what was not acknowledged comes again, the same mail."""

from __future__ import annotations

import smtplib
import threading
from email.message import EmailMessage
from itertools import count

from daemon.letters import DESK, first_mail
from daemon.running import Maild

NAME, WORDS = "夜空のペンギン", "誰にも言えないひみつの悩みがあります"
LOCAL = "kakureta"  # of every client's address


def address(number: int) -> str:
    return f"{LOCAL}{number}@keitai.example"


class Load:
    """``with Load(maild, 4) as load``: four connections, until the end of the block; every mail ends acknowledged."""

    def __init__(self, maild: Maild, connections: int, *, most: int = 100_000) -> None:
        self._maild = maild
        self._numbers = iter(range(most))
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._insist, daemon=True) for _ in range(connections)]
        self.acknowledged: dict[int, str] = {}  # client to Message-ID
        self.repeated = 0  # mails that were handed over more than once
        self.failure: BaseException | None = None

    def _insist(self) -> None:
        connection: smtplib.SMTP | None = None
        try:
            while not self._over.is_set():
                with self._lock:
                    number = next(self._numbers, None)
                if number is None:
                    break
                mail = first_mail(address(number), name=NAME, words=f"{WORDS}。{number}番目に書いています。")
                for attempt in count():
                    try:
                        if connection is None:
                            connection = smtplib.SMTP("127.0.0.1", self._maild.port, timeout=30)
                        self._hand_over(connection, number, mail)
                        break
                    except (smtplib.SMTPException, OSError):
                        # nobody there, cut in the middle, or not now: the same mail again
                        if connection is not None:
                            connection.close()
                        connection = None
                        self.repeated += attempt == 0
                        self._over.wait(0.02)
                self.acknowledged[number] = mail["Message-ID"]
        except BaseException as error:
            self.failure = error
        finally:
            if connection is not None:
                connection.close()

    @staticmethod
    def _hand_over(connection: smtplib.SMTP, number: int, mail: EmailMessage) -> None:
        connection.sendmail(address(number), [DESK], mail.as_bytes(), mail_options=["BODY=8BITMIME"])

    def __enter__(self) -> Load:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join(60)
            assert not one.is_alive()
        if self.failure is not None:
            raise self.failure
