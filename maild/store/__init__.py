"""What must survive a crash: spool, cases, outbox, audit trail, and the keys that make them readable."""

from maild.store.errors import MissingKey, Overtaken, StoreError, TemporaryStoreError, WrongKey
from maild.store.records import (
    AuditRow,
    Claimed,
    CounselorMail,
    Due,
    Entry,
    Envelope,
    Incoming,
    Outage,
    OutboxRow,
    Outcome,
    Outgoing,
    QuarantineRow,
    Seen,
    SentMail,
    SourceState,
    Spooled,
    Suspension,
)
from maild.store.store import Store
from maild.store.transaction import Transaction
from maild.store.vault import load_or_create_key

__all__ = [
    "AuditRow",
    "Claimed",
    "CounselorMail",
    "Due",
    "Entry",
    "Envelope",
    "Incoming",
    "MissingKey",
    "Outage",
    "OutboxRow",
    "Outcome",
    "Outgoing",
    "Overtaken",
    "QuarantineRow",
    "Seen",
    "SentMail",
    "SourceState",
    "Spooled",
    "Store",
    "StoreError",
    "Suspension",
    "TemporaryStoreError",
    "Transaction",
    "WrongKey",
    "load_or_create_key",
]
