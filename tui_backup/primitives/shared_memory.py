"""Memory that one process hands to another by its descriptor: what lies in it is never copied."""

import mmap
import os
import tempfile
from typing import Self


class SharedMemory(mmap.mmap):
    """Some bytes of shared memory; given back once nobody has them mapped or open any more."""

    descriptor: int

    @classmethod
    def new(cls, size: int) -> Self:
        """Return fresh memory, zeros; `size` is more than 0."""
        descriptor = _anonymous()
        os.ftruncate(descriptor, size)
        return cls.of(descriptor, size)

    @classmethod
    def of(cls, descriptor: int, size: int) -> Self:
        """Return the first bytes of memory that came from another process; the descriptor belongs to it from here on.

        Raises:
            ValueError: there are not so many.
        """
        try:
            made = cls(descriptor, size)
        except BaseException:
            os.close(descriptor)
            raise
        made.descriptor = descriptor
        return made

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def descriptor_of(view: memoryview) -> int:
    """Return the descriptor of the shared memory that a view lies in, at its beginning."""
    assert isinstance(view.obj, SharedMemory)
    return view.obj.descriptor


def _anonymous() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("tui-backup", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
