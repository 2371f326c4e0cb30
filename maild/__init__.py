"""maild: an e-mail processing daemon for consultations by mail."""

__version__ = "0.1.0"
