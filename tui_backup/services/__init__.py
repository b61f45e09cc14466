"""Everything a face may ask for; owns the threads."""
