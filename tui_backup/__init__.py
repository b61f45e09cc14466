"""Backups for the servers of small teams, in restic's own format."""

__version__ = "0.1.0"
