"""Restore: what is brought back from where to where, what that would do, and doing it; and undoing it."""
