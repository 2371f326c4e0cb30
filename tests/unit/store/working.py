"""What the tests of the store share: a mail's whole way, and the words that must never show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from maild.desk.case import Case
from maild.store import Entry, Incoming, Outgoing, Store, Suspension

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
KEY = bytes(range(32))
DESK = "soudan"

#: Whatever of it shows in a file is a leak.
SENTINELS = {
    "address": "hanako-sentinel@docomo.example",
    "local part": "hanako-sentinel",
    "counselor": "counselor-sentinel@desk.example",
    "envelope": "bounce-sentinel@docomo.example",
    "name": "花子センチネル",
    "text": "本文のセンチネルです",
    "subject": "件名センチネル",
    "raw": "RAW-SENTINEL",
    "reply": "REPLY-SENTINEL",
    "foreign id": "foreign-id-sentinel",
    "our id": "token-sentinel",
    "actor": "actor-sentinel",
    "detail": "detail-sentinel",
    "remembered": "memory-sentinel",
    "response": "response-sentinel@relay.example",
}


def work(store: Store, client: str = SENTINELS["address"], word: str = "") -> int:
    """One mail from 250 to the reply's delivery: every table gets a row. Returns the case."""
    s = SENTINELS
    raw = f"From: {client}\r\nSubject: {s['subject']}\r\n\r\n{s['raw']} {s['text']}{word}".encode()
    store.accept([Incoming("smtp", NOW, s["envelope"], (s["counselor"], client), raw, cursor=(1, 1))])
    mail = store.take(1, NOW)[0]
    with store.transaction() as transaction:
        number = transaction.new_number()
        case = Case(number=number, desk=DESK, client=client, opened=NOW, state="waiting_desk", name=s["name"])
        transaction.put_case(case, {"silence": NOW + timedelta(days=30)})
        entry = transaction.record(
            Entry(
                case=number,
                desk=DESK,
                at=NOW,
                kind="client",
                disposition="accepted",
                spool_id=mail.id,
                subject=s["subject"],
                text=s["text"],
                own_text=s["text"],
                message_id=f"<{s['foreign id']}{word}@docomo.example>",
                raw=raw,
                address=client,
                body_key=s["text"],
                extra={"name": s["name"]},
            )
        )
        mail_to_client = Outgoing(
            message_id=f"<{s['our id']}.{number}@desk.example>",
            case=number,
            desk=DESK,
            audience="client",
            template="ack",
            sender=s["counselor"],
            recipient=client,
            data=f"{s['reply']} {s['name']}".encode(),
            created=NOW,
            once=f"ack:{client}:{number}",
            counted=True,
            entry=entry,
        )
        outbox_id = transaction.queue(mail_to_client)
        waiting = f"<{s['our id']}.w{number}@desk.example>"
        transaction.queue(replace(mail_to_client, message_id=waiting, once=f"w:{client}:{number}", case=None))
        transaction.audit(NOW, s["actor"], "opened", number, {"to": s["detail"]})
        transaction.remember("note", s["remembered"])
        transaction.suspend(client, Suspension("other", "abuse", NOW))
        transaction.mark(DESK, client, "no_show", NOW)
        transaction.done(mail.id)
    store.claim(NOW, 1)
    store.sent(outbox_id, NOW, f"250 {s['response']}")
    return number
