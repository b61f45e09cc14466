"""Who holds a repository, and who may."""
