"""Status: how all of it stands, for people and for monitoring."""
