from pathlib import Path

from tests.support.sample_estate import planted
from tui_backup.config.load import load_config
from tui_backup.services.browsing.reading_room import ReadingRoom


def test_readers_share_a_workspace_until_it_is_renewed(tmp_path: Path) -> None:
    room = ReadingRoom(load_config(str(planted(tmp_path))))
    with room.workspace() as one, room.workspace() as other:
        assert one is other
        held = one.repository("local")
        room.renew()
        with room.workspace() as fresh:
            assert fresh is not one
            assert fresh.repository("local") is not held
        assert held.snapshots()
    room.renew()
    with room.workspace() as last:
        assert last is not fresh
