"""Plain archives: one file and one sidecar per snapshot."""
