"""Botocore's descriptions of services, read by a faster parser: they are most of what a client takes to begin."""

import gzip
from functools import cache
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader


class _Files(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        """Return what a file holds, None where there is none; `file_path` lacks its ending."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            try:
                with opened(file_path + ending, "rb") as file:
                    return msgspec.json.decode(file.read())
            except FileNotFoundError:
                continue
        return None


@cache
def descriptions() -> Loader:
    """Return what all clients of this process look services up in."""
    return Loader(file_loader=_Files())
