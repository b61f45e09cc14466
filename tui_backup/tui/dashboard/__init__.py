"""The dashboard: whether all is well, and what goes on."""
