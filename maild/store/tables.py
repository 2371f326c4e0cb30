"""The tables of the main database. Invariants stand here first (unique and partial indexes, checks); what a schema
cannot say is in ``consistency``.

Columns of type LargeBinary hold keyed hashes (``*_hash``) or sealed values; nothing personal is in clear (rules S1).
Instants are microseconds (``instants``). Numbers of rows come from table ``sequence``, so none is ever given twice.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

#: 64 bits everywhere; in SQLite only a column declared INTEGER is the row's own number.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of some rows only. What PostgreSQL has to be told is added by ``for_postgresql``."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={"where": where})


def for_postgresql(tables: MetaData) -> None:
    """Make the partial indexes partial there too. Not above: SQLAlchemy would load the whole dialect, which costs every
    process of an installation on SQLite memory."""
    for table in tables.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options["postgresql"]["where"] = text(index.info["where"])


#: Facts about the database itself: its identity.
meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

#: The last number given, by kind of row. Rolled back with its transaction, so a gap is possible, a repeat is not.
sequence = Table("sequence", metadata, Column("name", Text, primary_key=True), Column("value", Number, nullable=False))

cases = Table(
    "cases",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("desk", Text, nullable=False),
    Column("client_hash", LargeBinary),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("flags", Text, nullable=False),
    Column("opened", Number, nullable=False),
    Column("closed", Number),
    Column("previous", Number),
    Column("round_trip", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("replies", Integer, nullable=False),
    Column("key_id", Number),
    Column("sealed", LargeBinary),
    # A case is readable or erased, nothing in between (S3).
    CheckConstraint("(key_id IS NULL) = (sealed IS NULL)", name="cases_sealed_has_key"),
    CheckConstraint("key_id IS NOT NULL OR state = 'closed'", name="cases_erased_is_closed"),
    CheckConstraint("number > 0", name="cases_number_positive"),
    # One client has at most one open case at a desk (C8); the hash is of desk and address together.
    _partial(
        "cases_one_open",
        "client_hash",
        unique=True,
        where="state != 'closed'",
    ),
    Index("cases_by_state", "state", "desk", "number"),
    _partial(
        "cases_by_closing",
        "closed",
        where="closed IS NOT NULL",
    ),
    Index("cases_by_key", "key_id"),
)

#: Registered and accepted addresses of a case (D2, D3), as keyed hashes of desk and address.
case_address = Table(
    "case_address",
    metadata,
    Column("address_hash", LargeBinary, primary_key=True),
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Index("case_address_by_case", "case_number"),
)

deadline = Table(
    "deadline",
    metadata,
    # One deadline of a kind per case.
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("at", Number, nullable=False),
    Index("deadline_by_instant", "at", "case_number", "kind"),
)

#: One row per accepted mail, reply or note. ``key_id`` only where there is no case whose key could seal it.
entry = Table(
    "entry",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("case_number", Number, ForeignKey("cases.number")),
    Column("desk", Text, nullable=False),
    Column("at", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("disposition", Text),
    Column("spool_id", Number),
    Column("round_trip", Integer, nullable=False),
    Column("address_hash", LargeBinary),
    Column("body_hash", LargeBinary),
    Column("key_id", Number),
    Column("content", LargeBinary),
    Column("raw", LargeBinary),
    # One disposition per accepted mail (M1).
    Index("entry_one_per_spooled", "spool_id", unique=True),
    Index("entry_by_case", "case_number", "id"),
    _partial(
        "entry_by_body",
        "body_hash",
        where="body_hash IS NOT NULL",
    ),
    _partial(
        "entry_by_address",
        "address_hash",
        where="case_number IS NULL",
    ),
    _partial("entry_by_key", "key_id", where="key_id IS NOT NULL"),
)

#: Foreign Message-IDs; outlives the case, so that an erased mail cannot come back from a mailbox (S3).
seen = Table(
    "seen",
    metadata,
    Column("entry_id", Number, primary_key=True, autoincrement=False),
    Column("message_hash", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("at", Number, nullable=False),
    Column("case_number", Number),
    Index("seen_by_message", "message_hash"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("case_number", Number, ForeignKey("cases.number")),
    Column("desk", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("created", Number, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("covers", Number, ForeignKey("entry.id")),
    Column("entry", Number, ForeignKey("entry.id")),
    Column("round_trip", Integer, nullable=False),
    Column("message_hash", LargeBinary, nullable=False),
    Column("once_hash", LargeBinary, nullable=False),
    Column("recipient_hash", LargeBinary),
    Column("key_id", Number),
    Column("content", LargeBinary),
    Column("data", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt", Number, nullable=False),
    Column("attempted", Number),
    Column("concluded", Number),
    Column("code", Text, nullable=False),
    Column("settled", Integer, nullable=False),
    CheckConstraint("state IN ('pending', 'sending', 'delivered', 'failed')", name="outbox_state"),
    CheckConstraint("(state IN ('delivered', 'failed')) = (concluded IS NOT NULL)", name="outbox_concluded"),
    CheckConstraint("settled = 0 OR concluded IS NOT NULL", name="outbox_settled_is_concluded"),
    # Nothing can be sent that is not there.
    CheckConstraint("concluded IS NOT NULL OR (content IS NOT NULL AND data IS NOT NULL)", name="outbox_sendable"),
    # A Message-ID of ours names one mail.
    Index("outbox_one_message_id", "message_hash", unique=True),
    # What is to be said once is queued once, however often a mail is played again.
    Index("outbox_once", "once_hash", unique=True),
    _partial(
        "outbox_pending",
        "next_attempt",
        "id",
        where="state = 'pending'",
    ),
    _partial(
        "outbox_by_state",
        "state",
        "id",
        where="state != 'delivered'",
    ),
    _partial(
        "outbox_unsettled",
        "concluded",
        "id",
        where="settled = 0 AND concluded IS NOT NULL",
    ),
    # The cap of template mails per address (M3).
    _partial(
        "outbox_counted",
        "recipient_hash",
        "created",
        where="counted = 1",
    ),
    Index("outbox_by_case", "case_number", "id"),
    _partial("outbox_by_key", "key_id", where="key_id IS NOT NULL"),
)

#: Raw mails that were answered with 250 and not yet decided upon, and those set aside (M1, M6, M9).
spool = Table(
    "spool",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("arrived", Number, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Number, nullable=False),
    Column("quarantined", Number),
    Column("reason", Text),
    Column("key_id", Number, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    CheckConstraint("(quarantined IS NULL) = (reason IS NULL)", name="spool_quarantine_has_reason"),
    Index("spool_one_key", "key_id", unique=True),
    _partial(
        "spool_waiting",
        "retry_at",
        "id",
        where="quarantined IS NULL",
    ),
    _partial(
        "spool_by_arrival",
        "arrived",
        where="quarantined IS NULL",
    ),
    _partial(
        "spool_quarantined",
        "quarantined",
        where="quarantined IS NOT NULL",
    ),
)

source = Table(
    "source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every_us", Number, nullable=False),
    Column("last_read", Number),
)

outage = Table(
    "outage",
    metadata,
    Column("source", Text, primary_key=True),
    Column("start", Number, primary_key=True, autoincrement=False),
    Column("end", Number),
    # A source is down once at a time.
    _partial(
        "outage_one_open",
        "source",
        unique=True,
        where='"end" IS NULL',
    ),
)

#: How far an IMAP mailbox has been read (M8); kept when the source leaves the config, it may come back.
imap_cursor = Table(
    "imap_cursor",
    metadata,
    Column("source", Text, primary_key=True),
    Column("uidvalidity", Number, nullable=False),
    Column("uid", Number, nullable=False),
)

#: Outlives cases and erasure (D4): the hash is of desk and address.
suspension = Table(
    "suspension",
    metadata,
    Column("client_hash", LargeBinary, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Number, nullable=False),
    Column("until", Number),
    Column("told", Integer, nullable=False),
)

#: What else outlives a case: strikes (B6), enrolments (B8). One row a mark.
mark = Table(
    "mark",
    metadata,
    Column("client_hash", LargeBinary, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", Number, primary_key=True, autoincrement=False),
)

#: Small facts of the daemon itself by name; values are sealed.
memory = Table("memory", metadata, Column("name", Text, primary_key=True), Column("value", LargeBinary, nullable=False))

#: Append-only (triggers in ``schema``) and chained by hashes (S5).
audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("at", Number, nullable=False),
    Column("action", Text, nullable=False),
    Column("case_number", Number),
    Column("sealed", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_by_case", "case_number"),
)

#: Keys that were destroyed by an erasure: replayed against the key store at every start, so that a key store that
#: was restored from an older backup forgets them again (S3).
erased_key = Table(
    "erased_key",
    metadata,
    Column("key_id", Number, primary_key=True, autoincrement=False),
    Column("case_number", Number),
    Column("at", Number, nullable=False),
)

#: A second metadata: the key store is another database with its own life-time (S3).
key_metadata = MetaData()

key_meta = Table(
    "key_meta", key_metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)

#: Secrets of the whole store (look-up, audit, memory), wrapped by the master key: so the master key can change and the
#: hashes in the main database stay.
secret = Table(
    "secret", key_metadata, Column("name", Text, primary_key=True), Column("wrapped", LargeBinary, nullable=False)
)

data_key = Table(
    "data_key",
    key_metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("case_number", Number),
    Column("wrapped", LargeBinary, nullable=False),
    Index("data_key_by_case", "case_number"),
)

#: Keys that an erasure destroyed: a main database restored from an older backup loses these cases again (S3).
destroyed = Table(
    "destroyed",
    key_metadata,
    Column("key_id", Number, primary_key=True, autoincrement=False),
    Column("case_number", Number),
    Column("at", Number, nullable=False),
)
