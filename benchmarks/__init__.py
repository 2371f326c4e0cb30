"""How fast maild is and how much memory it takes, measured side by side with aiosmtpd: ``python -m benchmarks``."""
