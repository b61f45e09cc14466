"""What happened: past runs, and the audit."""
