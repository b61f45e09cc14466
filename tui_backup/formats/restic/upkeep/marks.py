"""Marks: one byte for each blob of an index, to tell those that are needed."""

from collections.abc import Iterator

from tui_backup.formats.restic.index import BUCKETS, BlobTable


class Marks:
    """Marks on the blobs of one table, which must not grow meanwhile; of several copies of a blob the first counts."""

    def __init__(self, table: BlobTable) -> None:
        self._table = table
        self._flags: list[bytearray | None] = [None] * BUCKETS
        self._sizes = {number: count for number, count, _records in table.buckets()}

    def add(self, id_: bytes) -> bool | None:
        """Mark a blob; return whether it was not marked before, None where the table does not know it."""
        slot = self._table.slot(id_)
        if slot is None:
            return None
        number, at = slot
        flags = self._flags[number]
        if flags is None:
            flags = self._flags[number] = bytearray(self._sizes[number])
        if flags[at]:
            return False
        flags[at] = 1
        return True

    def place(self, id_: bytes) -> tuple[int, int, int, int] | None:
        """Return pack number, offset, length and size of the copy of a blob that counts; None if it is not marked."""
        slot = self._table.slot(id_)
        flags = self._flags[slot[0]] if slot is not None else None
        return next(self._table.records(id_)) if slot is not None and flags and flags[slot[1]] else None

    def __iter__(self) -> Iterator[tuple[bytes, int, int, int, int]]:
        """Yield id, pack number, offset, length and size of every marked blob."""
        for number, _count, records in self._table.buckets():
            flags = self._flags[number]
            if flags is not None:
                for flag, record in zip(flags, records, strict=True):
                    if flag:
                        yield record
