"""Mails as clients and counselors write them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid

DESK = "soudan@desk.example"
INBOX = "counselors@desk.example"
OPERATOR = "ops@desk.example"
COUNSELOR = "sato@desk.example"
WORDS = "仕事を続けられるか不安です。夜も眠れません。"


def first_mail(sender: str, *, name: str = "花子", words: str = WORDS, subject: str = "はじめまして") -> EmailMessage:
    """A first mail with all that the desk asks for."""
    text = f"名前：{name}\n性別：女性\n年齢：24歳\n地域：県内\n相談内容：{words}\n"
    return mail(sender, DESK, subject, text)


def mail(sender: str, recipient: str, subject: str, text: str) -> EmailMessage:
    """Any mail."""
    it = EmailMessage()
    it["From"], it["To"], it["Subject"] = sender, recipient, subject
    it["Date"], it["Message-ID"] = formatdate(), make_msgid(domain=sender.partition("@")[2])
    it.set_content(text, cte="8bit")
    return it


def answer(to: EmailMessage, sender: str, text: str) -> EmailMessage:
    """What a mail program makes of "reply": thread headers, and the mail quoted below."""
    quoted = "".join(f"> {line}\n" for line in to.get_content().splitlines())
    it = mail(sender, DESK, f"Re: {to['Subject']}", f"{text}\n\n2026年4月1日 10:00 {DESK}:\n{quoted}")
    it["In-Reply-To"] = str(to["Message-ID"]).strip()
    it["References"] = " ".join(f"{to['References'] or ''} {to['Message-ID']}".split())
    return it
