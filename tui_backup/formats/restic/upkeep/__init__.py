"""What an admin does over years: space, copies, keys."""
