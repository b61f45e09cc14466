"""How snapshots lie in a store."""
