"""The first tables of the main database."""

import sqlalchemy as sa
from alembic import op

revision = "main_0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'append-only'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_by_case", "audit", ["case_number"], unique=False)
    op.create_table(
        "cases",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("client_hash", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("opened", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("previous", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("round_trip", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("key_id IS NOT NULL OR state = 'closed'", name="cases_erased_is_closed"),
        sa.CheckConstraint("(key_id IS NULL) = (sealed IS NULL)", name="cases_sealed_has_key"),
        sa.CheckConstraint("number > 0", name="cases_number_positive"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "cases_by_closing",
        "cases",
        ["closed"],
        unique=False,
        sqlite_where=sa.text("closed IS NOT NULL"),
        postgresql_where=sa.text("closed IS NOT NULL"),
    )
    op.create_index("cases_by_key", "cases", ["key_id"], unique=False)
    op.create_index("cases_by_state", "cases", ["state", "desk", "number"], unique=False)
    op.create_index(
        "cases_one_open",
        "cases",
        ["client_hash"],
        unique=True,
        sqlite_where=sa.text("state != 'closed'"),
        postgresql_where=sa.text("state != 'closed'"),
    )
    op.create_table(
        "erased_key",
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "imap_cursor",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "mark",
        sa.Column("client_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("client_hash", "kind", "at"),
    )
    op.create_table(
        "memory",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outage",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("source", "start"),
    )
    op.create_index(
        "outage_one_open",
        "outage",
        ["source"],
        unique=True,
        sqlite_where=sa.text('"end" IS NULL'),
        postgresql_where=sa.text('"end" IS NULL'),
    )
    op.create_table(
        "seen",
        sa.Column(
            "entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("seen_by_message", "seen", ["message_hash"], unique=False)
    op.create_table(
        "sequence",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "source",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every_us", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_read", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "spool",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("arrived", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarantined", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(quarantined IS NULL) = (reason IS NULL)", name="spool_quarantine_has_reason"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "spool_by_arrival",
        "spool",
        ["arrived"],
        unique=False,
        sqlite_where=sa.text("quarantined IS NULL"),
        postgresql_where=sa.text("quarantined IS NULL"),
    )
    op.create_index("spool_one_key", "spool", ["key_id"], unique=True)
    op.create_index(
        "spool_quarantined",
        "spool",
        ["quarantined"],
        unique=False,
        sqlite_where=sa.text("quarantined IS NOT NULL"),
        postgresql_where=sa.text("quarantined IS NOT NULL"),
    )
    op.create_index(
        "spool_waiting",
        "spool",
        ["retry_at", "id"],
        unique=False,
        sqlite_where=sa.text("quarantined IS NULL"),
        postgresql_where=sa.text("quarantined IS NULL"),
    )
    op.create_table(
        "suspension",
        sa.Column("client_hash", sa.LargeBinary(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("client_hash"),
    )
    op.create_table(
        "case_address",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.number"],
        ),
        sa.PrimaryKeyConstraint("address_hash", "case_number"),
    )
    op.create_index("case_address_by_case", "case_address", ["case_number"], unique=False)
    op.create_table(
        "deadline",
        sa.Column(
            "case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.number"],
        ),
        sa.PrimaryKeyConstraint("case_number", "kind"),
    )
    op.create_index("deadline_by_instant", "deadline", ["at", "case_number", "kind"], unique=False)
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("spool_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("round_trip", sa.Integer(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "entry_by_address",
        "entry",
        ["address_hash"],
        unique=False,
        sqlite_where=sa.text("case_number IS NULL"),
        postgresql_where=sa.text("case_number IS NULL"),
    )
    op.create_index(
        "entry_by_body",
        "entry",
        ["body_hash"],
        unique=False,
        sqlite_where=sa.text("body_hash IS NOT NULL"),
        postgresql_where=sa.text("body_hash IS NOT NULL"),
    )
    op.create_index("entry_by_case", "entry", ["case_number", "id"], unique=False)
    op.create_index(
        "entry_by_key",
        "entry",
        ["key_id"],
        unique=False,
        sqlite_where=sa.text("key_id IS NOT NULL"),
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.create_index("entry_one_per_spooled", "entry", ["spool_id"], unique=True)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("covers", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("round_trip", sa.Integer(), nullable=False),
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("once_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_hash", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("concluded", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state IN ('delivered', 'failed')) = (concluded IS NOT NULL)", name="outbox_concluded"),
        sa.CheckConstraint("state IN ('pending', 'sending', 'delivered', 'failed')", name="outbox_state"),
        sa.CheckConstraint(
            "concluded IS NOT NULL OR (content IS NOT NULL AND data IS NOT NULL)", name="outbox_sendable"
        ),
        sa.CheckConstraint("settled = 0 OR concluded IS NOT NULL", name="outbox_settled_is_concluded"),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.number"],
        ),
        sa.ForeignKeyConstraint(
            ["covers"],
            ["entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_by_case", "outbox", ["case_number", "id"], unique=False)
    op.create_index(
        "outbox_by_key",
        "outbox",
        ["key_id"],
        unique=False,
        sqlite_where=sa.text("key_id IS NOT NULL"),
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.create_index(
        "outbox_by_state",
        "outbox",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'delivered'"),
        postgresql_where=sa.text("state != 'delivered'"),
    )
    op.create_index(
        "outbox_counted",
        "outbox",
        ["recipient_hash", "created"],
        unique=False,
        sqlite_where=sa.text("counted = 1"),
        postgresql_where=sa.text("counted = 1"),
    )
    op.create_index("outbox_once", "outbox", ["once_hash"], unique=True)
    op.create_index("outbox_one_message_id", "outbox", ["message_hash"], unique=True)
    op.create_index(
        "outbox_pending",
        "outbox",
        ["next_attempt", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "outbox_unsettled",
        "outbox",
        ["concluded", "id"],
        unique=False,
        sqlite_where=sa.text("settled = 0 AND concluded IS NOT NULL"),
        postgresql_where=sa.text("settled = 0 AND concluded IS NOT NULL"),
    )

    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    for statement in statements:
        op.execute(statement)
