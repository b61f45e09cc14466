"""What the rooms of this format agree on, by the names of the containers that they stand on."""

from tui_backup.formats.containers.base import Container, Member, MemberReader, MemberWriter, Refuse

__all__ = ["Container", "Member", "MemberReader", "MemberWriter", "Refuse"]
