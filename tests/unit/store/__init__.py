"""Tests of the store on its own; what both databases promise is in tests/contract."""
