"""Linking: finds places on the file system of whatever is to be kept, and gives it a further name there."""

import errno
import os
from collections.abc import Iterator

import msgspec

from tui_backup.engine.safety_places import KeptPlace, SafetyPlaces, key_of
from tui_backup.engine.safety_record import SafetyPlace, SafetyRecord, open_place, write_record
from tui_backup.primitives.descriptors import Directories, sync_file_system
from tui_backup.primitives.safety_directory import NAME, make_inside, may_hold_safety_directory, remove_inside

_NOT_HERE = {errno.EXDEV, errno.EROFS}
"""What makes a place useless for a whole file system."""

_NOT_THIS = {errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EEXIST}
"""What may be wrong with one file alone; where there are no hard links at all it is EPERM too."""

_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}


class Linking:
    """Places of one restore. Owns `places`.

    `doomed` are directories below the target that are going to be deleted: nothing is kept in them.
    """

    def __init__(
        self,
        home: bytes,
        record: SafetyRecord,
        directories: Directories,
        *,
        target: bytes,
        doomed: frozenset[bytes] = frozenset(),
    ) -> None:
        self.record = record
        """As it was last written."""
        self.places = SafetyPlaces([open_place(home, record, place) for place in record.places])
        self._home, self._directories = home, directories
        self._target, self._doomed = target.rstrip(b"/"), doomed
        self._chosen: dict[int, int | None] = {}

    def link(self, directory: int, path: bytes) -> int | None:
        """Keep a name of a directory; return the number of the place, or None where nothing there can be linked.

        Raises:
            OSError: it is gone, or no space is left.
        """
        device = os.fstat(directory).st_dev
        if device not in self._chosen:
            self._choose(device, directory, path)
        number = self._chosen[device]
        try:
            return number if number is not None and self._try(number, directory, path) else None
        except OSError as error:
            if error.errno in _NOT_HERE:
                return None
            raise

    def sync(self) -> None:
        """Wait until everything that was linked is on disk, where the file system can tell; raises OSError."""
        for number in {0, *self._chosen.values()} - {None}:
            assert number is not None
            try:
                sync_file_system(self.places.descriptor(number))
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise

    def kept_places(self) -> tuple[KeptPlace, ...]:
        """Return the places for other processes."""
        return tuple(
            KeptPlace(self._path(place), os.fstat(self.places.descriptor(number)).st_ino)
            for number, place in enumerate(self.record.places)
        )

    def close(self) -> None:
        """Close the places."""
        self.places.close()

    def _path(self, place: SafetyPlace) -> bytes:
        return os.path.join(place.above or self._home, NAME, self.record.restore.encode())

    def _choose(self, device: int, directory: int, path: bytes) -> None:
        """Choose the place for a file system: the first that a link can be made in, for all that we know."""
        self._chosen[device] = None
        for number in self._candidates(device, path):
            try:
                if self._try(number, directory, path):
                    os.unlink(key_of(path), dir_fd=self.places.descriptor(number))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                self._unmake(number)
                continue
            self._chosen[device] = number
            return

    def _try(self, number: int, directory: int, path: bytes) -> bool:
        name = path.rpartition(b"/")[2]
        place = self.places.descriptor(number)
        try:
            os.link(name, key_of(path), src_dir_fd=directory, dst_dir_fd=place, follow_symlinks=False)
        except OSError as error:
            if error.errno in _NOT_THIS:
                return False
            raise
        return True

    def _candidates(self, device: int, path: bytes) -> Iterator[int]:
        """Yield the home, then a new place in each directory above `path` that is ours, the topmost first."""
        if os.fstat(self.places.descriptor(0)).st_dev == device:
            yield 0
        names = path.split(b"/")[:-1]
        for depth in range(len(names)):
            above = b"/".join(names[: depth + 1])
            number = None if above in self._doomed else self._made(device, above)
            if number is not None:
                yield number

    def _made(self, device: int, above: bytes) -> int | None:
        """Make a place in a directory below the target, if that may be; it is recorded before."""
        try:
            directory = self._directories.open(above)
            status = os.fstat(directory)
            if status.st_dev != device or not may_hold_safety_directory(status) or not _is_writable(directory):
                return None
            return self._make(directory, SafetyPlace((self._target + above) or b"/", status.st_ino))
        except OSError as error:
            if error.errno in _NOT_HERE | _NOT_THIS:
                return None
            raise

    def _make(self, directory: int, place: SafetyPlace) -> int:
        former = self.record
        self.record = msgspec.structs.replace(former, places=(*former.places, place))
        write_record(self._home, self.record)
        try:
            return self.places.add(make_inside(directory, former.restore.encode()))
        except OSError:
            self.record = former
            write_record(self._home, former)
            raise

    def _unmake(self, number: int) -> None:
        """Remove the place that was made last, as it turned out to be of no use; never the home."""
        if number == 0:
            return
        above = self.record.places[number].above
        assert above is not None
        self.places.drop_last()
        remove_inside(self._directories.open(above[len(self._target) :].rstrip(b"/")), self.record.restore.encode())
        self.record = msgspec.structs.replace(self.record, places=self.record.places[:-1])
        write_record(self._home, self.record)


def _is_writable(directory: int) -> bool:
    return os.access(b"/proc/self/fd/%d" % directory, os.W_OK | os.X_OK)
