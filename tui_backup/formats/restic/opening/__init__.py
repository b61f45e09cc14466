"""Stored blobs in, files or proofs out."""
