"""Containers: files that hold many members (tar.gz, tar.zst, zip), whatever stores and repositories there are."""
