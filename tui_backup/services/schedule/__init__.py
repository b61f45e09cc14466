"""Schedule: what is due, and what has to look at it from outside."""
