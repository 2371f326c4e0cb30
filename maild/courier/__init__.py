"""Where a mail goes out."""
