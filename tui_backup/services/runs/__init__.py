"""Runs: how one is carried out, shown, recorded, and what is known of those of the past."""
