"""What happened: runs and verifications, in SQLite."""
