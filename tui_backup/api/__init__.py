"""Backups from other people's Python programs."""
