"""Botocore's descriptions of services, read by a faster parser: they are most of what a client takes to begin."""

import gzip
from functools import cache
from os.path import isdir, join
from typing import Any, Final

import msgspec
from botocore.loaders import JSONFileLoader, Loader

_NEEDED: Final = ("s3", "signin", "sso", "sso-oidc", "sts")


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


class _Descriptions(Loader):
    def list_available_services(self, type_name: str) -> list[str]:
        """Return S3, and those that a chain of keys may lead to, instead of looking through all four hundred."""
        return [name for name in _NEEDED if any(isdir(join(path, name)) for path in self.search_paths)]


@cache
def descriptions() -> Loader:
    """Return what all clients of this process look services up in."""
    return _Descriptions(file_loader=_Files())
