"""Every claim of a repository, held against what is there."""
