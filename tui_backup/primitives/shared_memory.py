"""Memory that one process lends another by its descriptor: what lies in it is never copied.

Fresh pages cost ten times what copying into old ones does, so a lender uses its memory again. That it is free is told
by the memory itself, in its last byte: who borrowed it need not know whose it was, nor send a message.
"""

import mmap
import os
import tempfile
from typing import Final, cast

_FREE: Final = 0
_TAKEN: Final = 1
_AWAY: Final = 2
_STEP: Final = 4 << 20
"""Sizes are multiples of this, so that memory fits again for a little more; pages that nobody touches cost nothing."""

_SPARE: Final = 16 << 20
"""Bytes that are kept for later."""


class _Memory(mmap.mmap):
    descriptor: int

    def __del__(self) -> None:
        os.close(self.descriptor)


class _Borrowed(_Memory):
    def __del__(self) -> None:
        self[-1] = _FREE
        super().__del__()


class Lender:
    """Makes memory for other processes; for one thread."""

    def __init__(self) -> None:
        self._memories: list[_Memory] = []

    def take(self, size: int) -> memoryview:
        """Return memory with room for `size` bytes at least; anything may lie in it.

        It is not given again before somebody has borrowed and dropped it.
        """
        memory = self._fitting(size) or self._made(size)
        memory[-1] = _TAKEN
        return memoryview(memory)[:-1]

    @property
    def away(self) -> int:
        """How many memories were sent that nobody has dropped yet."""
        return sum(memory[-1] == _AWAY for memory in self._memories)

    def _fitting(self, size: int) -> _Memory | None:
        """Return memory that is free again; what is too small, or more than need be kept, is given back."""
        found, spare = None, 0
        for memory in [memory for memory in self._memories if memory[-1] == _FREE]:
            fits = len(memory) > size
            if fits and found is None:
                found = memory
            elif fits and spare + len(memory) <= _SPARE:
                spare += len(memory)
            else:
                self._memories.remove(memory)
        return found

    def _made(self, size: int) -> _Memory:
        whole = (size // _STEP + 1) * _STEP
        descriptor = anonymous()
        try:
            os.ftruncate(descriptor, whole)
        except BaseException:
            os.close(descriptor)
            raise
        memory = _mapped(_Memory, descriptor)
        self._memories.append(memory)
        return memory


def borrowed(descriptor: int, size: int) -> memoryview:
    """Return the first bytes of memory that another process lends; they are its own again once nobody has this view.

    The descriptor belongs to the view from here on. Raises ValueError where there are not so many.
    """
    memory = _mapped(_Borrowed, descriptor)
    if size >= len(memory):
        raise ValueError(f"{size} of {len(memory) - 1} bytes")
    return memoryview(memory)[:size]


def sent(view: memoryview) -> int:
    """Return the descriptor to send of memory that was taken, of whose beginning this is a view; it is away then."""
    memory = cast(_Memory, view.obj)
    memory[-1] = _AWAY
    return memory.descriptor


def _mapped(kind: type[_Memory], descriptor: int) -> _Memory:
    try:
        memory = kind(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    memory.descriptor = descriptor
    return memory


def anonymous() -> int:
    """Return the descriptor of a file that has no name, in memory where the system can; not inherited."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("tui-backup", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
