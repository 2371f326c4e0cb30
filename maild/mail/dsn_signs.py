"""Whether a message comes from a mail server that tells of a mail, or from a person who talks about one (M4).

A client who writes that their mail came back, with the whole error text below, is a client. So words alone never make
a bounce: there must be a machine behind it.
"""

from __future__ import annotations

import re

from maild.mail.dsn_headers import Headers
from maild.mail.dsn_other import addresses_in

# What a server answers when it refuses: a reply code, or an enhanced status code, with something after it.
_REFUSAL = re.compile(r"(?<![\w.])(?:[45]\d\d[ \-]|[45]\.\d\d?\.\d{1,3})(?=[ <#)]|[a-z0-9])")
_DAEMONS = (
    "mailer-daemon",
    "mailerdaemon",
    "mailer_daemon",
    "mail-daemon",
    "maildaemon",
    "mail.daemon",
    "smtp-daemon",
    "mdaemon",
    "postmaster",
    "post_master",
    "post.master",
    "poostmaster",  # as some hosts really write it
    "mail.delivery",
    "mail-delivery",
    "maildelivery",
    "double-bounce",
    "bounce",
    "mailsystem",
    "mail-system",
    "mmdf",
)
_MACHINES = (
    "no-reply",
    "noreply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "sysadmin",
    "admin",
    "system",
    "root",
    "daemon",
    "owner",
    "info-mail",
)
_NUMBERED_MACHINES = tuple(f"{name}{mark}" for name in _MACHINES for mark in "-._+0123456789")
_DAEMON_NAMES = (
    "mail delivery",
    "maildelivery",
    "mail deliver ",
    "delivery subsystem",
    "delivery system",
    "mailer-daemon",
    "mailer daemon",
    "mail administrator",
    "system administrator",
    "system attendant",
    "ndr administrator",
    "interscan",
    "postmaster",
    "mail system",
    "メール配送",
    "メールシステム",
    "メール配信システム",
)
_DAEMON_LETTERS = frozenset("mcメ")  # one of these stands in each of them
_SUBJECTS = (
    "bounce", "couldn't be delivered", "could not be delivered", "could not be sent", "could not deliver",
    "could not send", "delayed mail", "delivery delay", "delivery error", "delivery fail", "delivery has",
    "delivery notification", "delivery problem", "delivery report", "delivery status", "delivery was",
    "delivery-status", "error in mail", "failed delivery", "failed mail", "failed to deliver", "failure delivery",
    "failure notice", "failure to deliver", "mail delivery", "mail error", "mail failed", "mail failure",
    "mail not delivered", "mail rejected", "mail system error", "message delayed", "message frozen",
    "message has been", "message not delivered", "message status", "message undelivered", "non remis",
    "non delivery", "non-delivery", "nondeliverable", "not been delivered", "not delivered", "postmaster notify",
    "rejected mail", "returned mail", "returned to sender", "returned message", "returning message",
    "returning to sender", "smtp server: errors", "unable to deliver", "undeliver", "warning: message", "warning--",
    "unzustellbar", "nicht zugestellt", "nicht zustellbar", "zustellung", "no se pudo entregar",
    "no se ha podido entregar", "sin entregar", "não entregue", "falha na entrega", "mancata consegna",
    "mancato recapito", "échec de remise", "non distribu", "non délivr", "недоставлен", "не доставлен",
    "не удалось доставить", "are not member", "not a member", "未送達", "未達", "配信不能", "配信でき", "送信でき",
    "配信に失敗", "送信に失敗", "配信エラー", "送信エラー", "配送エラー", "送達エラー", "届けでき", "届きません",
    "メールエラー", "エラーメール", "エラー通知", "返送", "配送でき", "配信の失敗", "退信", "系统退信", "반송",
)  # fmt: skip
_SUBJECT_LETTERS = frozenset("indutнд未配送届ラ返退반")  # one of these stands in each of them
_WORDS = (
    "address error", "addresses failed", "address failed", "address(es) failed", "as their mailbox is full",
    "could not be delivered", "couldn't be delivered", "could not be sent", "could not deliver",
    "could not send", "failed to send", "failed to deliver", "delivery fail", "delivery has failed",
    "delivery problem", "delivery status notification", "delivery to the following", "did not reach the following",
    "didn't reach", "does not like recipient", "error delivering", "error message below", "errors occurred",
    "failed addresses", "failed permanently", "failure notice", "failure reasons", "fatal errors",
    "following recipient", "giving up", "has not yet been delivered", "i'm afraid i wasn't able", "mailbox is full",
    "not a member of this mailing list", "not be delivered", "not been delivered", "not deliver", "not delivered",
    "not member", "permanent error", "permanent failure", "recipient was rejected", "recipients were affected",
    "rejected by a remote", "rejected recipient", "returned mail", "said: 5", "smtp error", "transcript of session",
    "unable to deliver", "undeliver", "unknown user", "unknown recipient", "unknown user:", "unrouteable",
    "user unknown", "user mailbox exceeds", "invalid final delivery", "was not delivered", "wasn't delivered",
    "was rejected", "were not delivered", "rcpt to:", "no se pudo", "no pudo ser entregado", "konnte nicht",
    "n'a pas pu", "n'a pu", "não pôde", "не может быть доставлено", "не доставлено", "送信できません",
    "配信できません", "配送できません", "届けできません", "送信に失敗", "配信に失敗", "配送に失敗", "エラーのため",
    "has been frozen", "was frozen", "error(s):", "returned permanent errors", "server message",
    "delivery error", "delivery errors", "mail loop",

)  # fmt: skip
_AWAY = (
    "automatic reply", "auto reply", "autoreply", "auto-reply", "auto:", "auto response", "autorespon",
    "out of office", "out of the office", "out-of-office", "vacation", "abwesenheit", "réponse automatique",
    "absence", "respuesta autom", "自動返信", "自動応答", "不在通知", "不在の", "away from", "away until", "read:",
    "読み取り", "開封",
)  # fmt: skip
_ANSWERED = ("re:", "fw:", "fwd:", "re：", "aw:", "wg:", "tr:", "rv:", "sv:", "转发", "轉寄", "転送")
_LISTS = ("list-id", "list-subscribe", "list-post", "mailing-list", "x-ml-name", "x-mlserver")


def own_addresses(headers: Headers) -> frozenset[str]:
    """The addresses that the message itself is to and from."""
    names = ("to", "cc", "from", "delivered-to", "envelope-to", "x-original-to", "return-path", "sender", "reply-to")
    return frozenset(address for name in names for _, address in addresses_in(headers.text(name)))


def null_return_path(headers: Headers) -> bool:
    """Whether the envelope had no sender (RFC 5321 section 4.5.5), as far as the message shows."""
    path = headers.raw("return-path")
    if path is None:
        return False
    value = path.strip().lower()
    return value in {"", "<>", "< >"} or "mailer-daemon" in value


def from_daemon(headers: Headers) -> bool:
    """Whether From is a mail server's: a daemon's mailbox or name, or no address at all."""
    if headers.raw("from") is None:  # no mail program lets a person send without one
        return True
    value = headers.text("from").lower()
    found = headers.senders
    who = value.partition("@")[0]
    if not _DAEMON_LETTERS.isdisjoint(who) and any(name in who for name in _DAEMON_NAMES):
        return True
    if not found:
        return "<>" in value or value in {"", "<mailer-daemon>"} or "mailer-daemon" in value
    return any(address.startswith(_DAEMONS) or "mailer-daemon" in address for address in found)


def from_machine(headers: Headers) -> bool:
    """Whether something but From says that no person sent it: weaker than :func:`from_daemon`."""
    if null_return_path(headers) or headers.raw("x-failed-recipients"):
        return True
    submitted = headers.text("auto-submitted").lower()
    return (bool(submitted) and not submitted.startswith("no")) or _machine_mailbox(headers)


def _machine_mailbox(headers: Headers) -> bool:
    """Whether From is a mailbox that programs use, and sometimes people too."""
    found = headers.senders
    local = found[0].partition("@")[0] if found else ""
    if local.startswith(_MACHINES) and (local in _MACHINES or local.startswith(_NUMBERED_MACHINES)):
        return True
    return local.endswith(("-admin", "-owner", "-request", "-ctl", "-bounces"))


def tells_of_a_mail(headers: Headers, report: str, returned: bool) -> bool:
    """Whether a message without a readable report is a bounce all the same.

    ``report`` is its text without the mail that came back, ``returned`` whether one did.
    """
    subject = headers.text("subject").lower()
    about = _is_about(subject)
    # What stands in a quotation is what somebody talks about; ">>> RCPT TO" is the dialogue of a mail server.
    lines = report[:20_000].lower().split("\n")
    said = "\n".join(line for line in lines if not line.startswith(">") or line.startswith(">>>"))
    evident = any(word in said for word in _WORDS)
    if from_daemon(headers):
        evident = evident or _REFUSAL.search(said) is not None
        return (about or evident or returned) and not (away(headers) and not evident)
    if not from_machine(headers) or away(headers):
        return False
    if subject.startswith(_ANSWERED):
        return evident and null_return_path(headers)
    evident = evident or _REFUSAL.search(said) is not None
    if any(headers.raw(name) is not None for name in _LISTS) and not null_return_path(headers):
        return about and evident  # a list that refuses a post, not a list that carries one
    # An automatic answer may quote the mail that it answers, so what came back counts only beside such a subject.
    return (about and (evident or returned)) or (evident and null_return_path(headers))


def away(headers: Headers) -> bool:
    """Whether the subject is that of an automatic answer or of a read receipt."""
    subject = headers.text("subject").lower()
    return subject.startswith(_AWAY) or any(word in subject for word in _AWAY[:11])


def _is_about(subject: str) -> bool:
    return not _SUBJECT_LETTERS.isdisjoint(subject) and any(word in subject for word in _SUBJECTS)


def passed_on(headers: Headers) -> bool:
    """Whether a person sent it, who may well have attached a bounce (forwarding keeps the parts of a report)."""
    if from_daemon(headers) or from_machine(headers):
        return False
    subject = headers.text("subject").lower()
    return subject.startswith(_ANSWERED) or not _is_about(subject)
