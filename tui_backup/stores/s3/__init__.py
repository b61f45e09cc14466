"""Objects of a bucket, at AWS or at a server that speaks its protocol."""
