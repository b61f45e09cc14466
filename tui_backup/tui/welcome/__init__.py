"""First start: a few questions, then everything that a first backup needs."""
