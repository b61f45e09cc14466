"""Named bytes that outlive the process."""
