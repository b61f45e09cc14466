"""Snapshot files: JSON documents that name a root tree, and how they become `model.Snapshot`.

Ours carry the tags `tui-backup`, `job=NAME`, `kind=KIND`, and `incomplete` where something is missing. Source: restic's
design document, "Snapshots", and what restic 0.14 to 0.19 write.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tui_backup import __version__
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Brief
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.envelope import load_unpacked
from tui_backup.formats.restic.layout import FileKind, is_id, key_of
from tui_backup.formats.restic.times import SECOND, format_time, moment_of, parse_time, to_datetime
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.stores.base import Store

OURS = "tui-backup"
"""Tag of every snapshot that this program makes."""

INCOMPLETE = "incomplete"
"""Tag of ours in which something is missing."""

REPAIRED = "repaired"
"""Tag of ours that stands for another snapshot, without what was lost of that."""

_COPY_OF = "copy_of"
"""Field of ours that names the snapshot from which a copy was made."""
_ACROSS = "across"
"""Field of ours in a copy of what lies in another format: `Across`."""
_JOB, _KIND = "job=", "kind="
_NO_TIME = "0001-01-01T00:00:00Z"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the backup counted, in restic's field order; since restic 0.17."""

    backup_start: str
    """RFC 3339, as is `backup_end`."""
    backup_end: str
    files_new: int = 0
    files_changed: int = 0
    files_unmodified: int = 0
    dirs_new: int = 0
    dirs_changed: int = 0
    dirs_unmodified: int = 0
    data_blobs: int = 0
    """New ones, as are `tree_blobs`."""
    tree_blobs: int = 0
    data_added: int = 0
    """Bytes of new blobs before compression."""
    data_added_packed: int = 0
    """Bytes of new blobs as stored."""
    total_files_processed: int = 0
    total_bytes_processed: int = 0


class SnapshotDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of a snapshot file, in restic's field order; null stands for empty where others wrote it."""

    time: str | None = None
    """RFC 3339."""
    parent: str | None = None
    tree: str
    """Id of the root tree."""
    paths: tuple[str, ...] | None = None
    hostname: str | None = None
    username: str | None = None
    uid: int | None = 0
    gid: int | None = 0
    excludes: tuple[str, ...] | None = ()
    tags: tuple[str, ...] | None = ()
    original: str | None = None
    """Id of the first of the snapshots of which this is a rewritten one."""
    program_version: str | None = ""
    summary: Any = None
    """A `Summary`; read leniently, for other programs count otherwise."""


class Across(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy keeps of a snapshot of another format, whose ids are none of restic's."""

    identity: str
    content: str
    """`Snapshot.content`."""
    tree: str
    """The root tree of which this is true: programs that rewrite a snapshot may leave the field in it."""


class SnapshotFile(msgspec.Struct, frozen=True):
    """A snapshot file as it was read."""

    id: str
    document: SnapshotDocument
    fields: dict[str, Any]
    """Everything in it, what other programs keep there included."""


def load_snapshot(store: Store, name: str, version: int, cipher: Cipher, size: int | None = None) -> SnapshotFile:
    """Read the snapshot file of that id; `size` is what a listing says.

    Raises:
        NotFound: there is no such file.
        Corrupted: it is damaged, or no snapshot; the message has its key.
    """
    return decode_snapshot(name, load_unpacked(store, FileKind.SNAPSHOT, name, version, cipher, size))


def decode_snapshot(name: str, document: bytes) -> SnapshotFile:
    """Return the snapshot file of that id and JSON.

    Raises:
        Corrupted: it is no snapshot.
    """
    try:
        fields = msgspec.json.decode(document, type=dict[str, Any])
        read = msgspec.convert(fields, SnapshotDocument)
        parse_time(read.time or _NO_TIME)
        if not is_id(read.tree.lower()):
            raise ValueError(_("its tree is no id"))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        key = key_of(FileKind.SNAPSHOT, name)
        raise Corrupted(_("{key} is damaged: {reason}").format(key=key, reason=error)) from error
    return SnapshotFile(name, read, fields)


def snapshot_of(file: SnapshotFile) -> Snapshot:
    """Return what a snapshot file tells; job, kind and status only where this program wrote it."""
    document = file.document
    summary = _summary(document)
    tags = document.tags or ()
    own = tags if OURS in tags else ()
    across = _across(file)
    return Snapshot(
        id=file.id,
        time=to_datetime(parse_time(document.time or _NO_TIME)),
        host=document.hostname or "",
        paths=document.paths or (),
        tags=tags,
        job=_tagged(own, _JOB),
        kind=_tagged(own, _KIND),
        status=SnapshotStatus.INCOMPLETE if INCOMPLETE in own else SnapshotStatus.OK,
        username=document.username or "",
        excludes=document.excludes or (),
        files=summary.total_files_processed if summary else None,
        size=summary.total_bytes_processed if summary else None,
        added=summary.data_added_packed if summary else None,
        duration=_duration(summary) if summary else None,
        parent=document.parent,
        original=across.identity if across else document.original,
        copy_of=_copy_of(file.fields),
        root=document.tree.lower(),
        content=across.content if across else None,
        program=document.program_version or "",
    )


def compose(
    brief: Brief, tree: str, *, parent: str | None, summary: Summary, status: SnapshotStatus = SnapshotStatus.OK
) -> SnapshotDocument:
    """Return the document of a snapshot that this program makes; `tree` is the id of its root tree."""
    owner = identity()
    began = moment_of(brief.time)
    return SnapshotDocument(
        time=format_time(began.ns, began.offset),
        parent=parent,
        tree=tree,
        paths=as_kept(brief.paths),
        hostname=_text(brief.host),
        username=brief.original.username if brief.original else owner.username,
        uid=owner.uid,
        gid=owner.gid,
        excludes=as_kept(brief.excludes),
        tags=as_kept(tags_of(brief, status)),
        program_version=f"tui-backup {__version__}",
        summary=summary,
    )


def tags_of(brief: Brief, status: SnapshotStatus) -> tuple[str, ...]:
    """Return the tags of a snapshot of ours: the program's own first, then the job's, each once.

    A copy of what another program has made gets none of the program's own, but where something is missing in it.
    """
    is_foreign = brief.original is not None and brief.original.job is None
    if is_foreign:
        own = [OURS] if status is SnapshotStatus.INCOMPLETE else []
    else:
        own = [OURS, f"{_JOB}{brief.job}", f"{_KIND}{brief.kind}"]
    if status is SnapshotStatus.INCOMPLETE:
        own.append(INCOMPLETE)
    return tuple(dict.fromkeys([*own, *(tag for tag in brief.tags if tag != INCOMPLETE)]))


def encode_snapshot(document: SnapshotDocument, original: Snapshot | None = None) -> bytes:
    """Return the JSON of a snapshot document, of a copy of a snapshot in another format where that is given."""
    if original is None:
        return msgspec.json.encode(document)
    identity, content = original.kin
    fields = msgspec.to_builtins(document) | {
        _COPY_OF: original.id,
        _ACROSS: msgspec.to_builtins(Across(identity=identity, content=content, tree=document.tree)),
    }
    return msgspec.json.encode(fields | ({"original": identity} if is_id(identity) else {}))


def with_tags(file: SnapshotFile, tags: Iterable[str]) -> bytes:
    """Return the JSON of the same snapshot with these tags and a memory of the first file, all else as it was."""
    changes: dict[str, Any] = {"tags": list(as_kept(tags)), "original": file.document.original or file.id}
    return msgspec.json.encode(file.fields | changes)


def as_copy(file: SnapshotFile) -> bytes:
    """Return the JSON of a copy of that snapshot for another repository: where it came from, and no parent."""
    fields = {name: value for name, value in file.fields.items() if name != "parent"}
    return msgspec.json.encode(fields | {"original": file.document.original or file.id, _COPY_OF: file.id})


def as_repaired(file: SnapshotFile, tree: str) -> bytes:
    """Return the JSON of what is left of a snapshot: another root tree, tags that say so, and whence it came."""
    tags = file.document.tags or ()
    if OURS not in tags:
        tags = tuple(tag for tag in tags if not tag.startswith((_JOB, _KIND)))
    fields = {name: value for name, value in file.fields.items() if name not in {_COPY_OF, _ACROSS}}
    changes = {"tree": tree, "tags": list(dict.fromkeys([*tags, OURS, INCOMPLETE, REPAIRED])), "original": file.id}
    return msgspec.json.encode(fields | changes)


def _summary(document: SnapshotDocument) -> Summary | None:
    try:
        return msgspec.convert(document.summary, Summary)
    except msgspec.ValidationError:
        return None


def _copy_of(fields: dict[str, Any]) -> str | None:
    source = fields.get(_COPY_OF)
    return source if isinstance(source, str) else None


def _across(file: SnapshotFile) -> Across | None:
    """Return what a copy across formats keeps of its original; None where this is none, or is one no more."""
    try:
        across = msgspec.convert(file.fields.get(_ACROSS), Across)
    except msgspec.ValidationError:
        return None
    return across if across.tree == file.document.tree else None


def _duration(summary: Summary) -> float | None:
    try:
        began, ended = parse_time(summary.backup_start), parse_time(summary.backup_end)
    except ValueError:
        return None
    return max(ended.ns - began.ns, 0) / SECOND


def _tagged(tags: tuple[str, ...], prefix: str) -> str | None:
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), None)


def as_kept(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as a snapshot file has them."""
    return tuple(_text(text) for text in texts)


def _text(text: str) -> str:
    """Return `text` as JSON can hold it: bytes that are not UTF-8 become U+FFFD, as restic has it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
