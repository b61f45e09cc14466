"""Upkeep: verification, repair, forgetting, and reclaiming space."""
