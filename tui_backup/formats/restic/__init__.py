"""The repository format of restic, versions 1 and 2."""
