"""What is kept: tables, unit of work, vault, audit, migrations."""
