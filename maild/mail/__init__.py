"""Bytes to facts: parsing, pure (no I/O, no clock, no logging)."""
