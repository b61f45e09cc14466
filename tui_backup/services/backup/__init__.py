"""Backups: runs of jobs, with their copies and what retention does after them."""
