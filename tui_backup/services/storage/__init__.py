"""Storage: the repositories of a configuration, their stores, keys and snapshots."""
