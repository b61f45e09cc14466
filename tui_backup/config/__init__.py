"""TOML <-> objects."""
