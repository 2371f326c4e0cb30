"""The rule book: pure decisions (no I/O, no clock, no logging, no randomness)."""
