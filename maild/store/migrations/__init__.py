"""Alembic revisions of both databases; they run inside the transaction that ``schema`` has begun."""
