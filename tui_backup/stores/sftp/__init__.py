"""A directory on a server that lets people in by SSH."""
