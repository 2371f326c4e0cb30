"""A whole consultation of three round trips, over any way of sending and of reading mail (rules C1 to C4, P2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from daemon.letters import COUNSELOR, DESK, INBOX, answer, first_mail
from daemon.running import Maild, until
from daemon.secrecy import in_clear

NAME = "夜空のペンギン"
WORDS = "誰にも言えないひみつの悩みがあります"
QUESTIONS = ("お返事ありがとうございます。続きを書きます。", "もうひとつだけ聞かせてください。")
REPLIES = (
    "読みました。よく書いてくださいました。",
    "そう感じるのは自然なことです。",
    "これからのことを、いっしょに考えました。",
)


@dataclass(frozen=True, slots=True)
class Post:
    """How the outside world sends to the desk, and how it reads what came to an address."""

    client: str
    send: Callable[[str, EmailMessage], None]  # from an address, a mail to the desk
    box: Callable[[str], list[EmailMessage]]  # of an address


def template_of(mail: EmailMessage) -> str:
    """What a mail of ours is to its reader."""
    return "automatic" if mail["Auto-Submitted"] else "written"


def next_second() -> None:
    """Let the second end that we are in."""
    began = int(time.time())
    until(lambda: int(time.time()) > began, "the next second")


def consult(maild: Maild, post: Post) -> None:
    """Play it; the daemon runs. At the end the case is closed as completed, and nothing is left over."""
    client = post.client

    def came(address: str, number: int) -> EmailMessage:
        what = f"mail {number} to {'the client' if address == client else address}"
        return until(lambda: post.box(address)[number - 1 :], what, show=maild.log)[0]

    post.send(client, first_mail(client, name=NAME, words=WORDS))
    to_client = to_inbox = 0
    for trip, reply in enumerate(REPLIES, 1):
        # the client's mail is acknowledged, and shown to the counselors without the address
        acknowledged, notice = came(client, to_client + 1), came(INBOX, to_inbox + 1)
        assert template_of(acknowledged) == template_of(notice) == "automatic"
        assert f"3往復のうち{trip}回目" in notice.get_content()
        shown = WORDS if trip == 1 else QUESTIONS[trip - 2]
        assert shown in notice.get_content() and client not in str(notice) and NAME in str(notice.get_content())
        # a counselor answers it, with a name and a signature of their own that stay inside (P2)
        written = answer(notice, COUNSELOR, f"{reply}\n\n-- \n佐藤花子\n090-0000-0000")
        written.replace_header("From", f"佐藤花子 <{COUNSELOR}>")
        written["X-Mailer"] = "Sato's own program"
        post.send(COUNSELOR, written)
        relayed, confirmed = came(client, to_client + 2), came(INBOX, to_inbox + 2)
        text = relayed.get_content()
        assert reply in text and WORDS not in text and template_of(relayed) == "written"
        for secret in ("佐藤", COUNSELOR, "sato", "090-0000", "own program", "内部", "counselors"):
            assert secret not in text and secret not in str(relayed), secret
        assert relayed["From"].addresses[0].addr_spec == DESK
        assert template_of(confirmed) == "automatic" and client not in str(confirmed)
        to_client, to_inbox = to_client + 2, to_inbox + 2
        if trip < len(REPLIES):
            assert "年" in text and "月" in text  # until when the client may write (C4)
            question = answer(relayed, client, QUESTIONS[trip - 1])
            assert relayed["Message-ID"].strip() in question["References"]
            next_second()  # a mailbox knows arrival in whole seconds; who answers at once seems to write before (C7)
            post.send(client, question)
    until(maild.idle, "nothing waits", show=maild.log)
    with maild.store() as store:
        (case,) = store.list_cases()
        assert (case.state, case.reason, case.completed) == ("closed", "completed", 3)
        assert (case.client, case.name) == (client, NAME)
    next_second()
    # one more question in the thread gets its one answer, and costs nobody anything (C3)
    post.send(client, answer(relayed, client, "すみません、最後にもう一度だけ聞いてもいいでしょうか。"))
    came(client, to_client + 1)
    came(INBOX, to_inbox + 1)
    until(maild.idle, "nothing waits", show=maild.log)
    assert len(post.box(client)) == to_client + 1
    assert not [one for one in post.box(client) if client == one["From"].addresses[0].addr_spec]
    ids = [one["Message-ID"] for one in post.box(client) + post.box(INBOX)]
    assert len(ids) == len(set(ids))
    maild.stop()
    maild.sound()
    secrets = [client, client.partition("@")[0], NAME, WORDS, *QUESTIONS, *REPLIES, COUNSELOR, "佐藤花子"]
    # files of outgoing mail are the transport
    assert in_clear(secrets, [maild.logged, *(one for one in maild.data.iterdir() if one != maild.maildir)]) == []
