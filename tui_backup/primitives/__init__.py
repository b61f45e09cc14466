"""Small tools that know nothing of backups."""
