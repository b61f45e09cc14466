"""The commands of `key`."""
