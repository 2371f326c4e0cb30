"""Where a mail comes in: bytes and envelope, nothing else."""
