"""Upkeep: pages that prove, mend, prune, unlock and change passwords, each with its plan first."""
