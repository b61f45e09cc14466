"""Row kinds: which row a key has."""

from typing import Any

from tui_backup.config.fields import Field
from tui_backup.config.lines import Key
from tui_backup.tui.configuration.rows import ChoiceRow, ListRow, NamesRow, Row, TextRow
from tui_backup.tui.configuration.secret_rows import AddressRow, SealedRow, SecretRow
from tui_backup.tui.glyphs import Glyphs

_ROWS: dict[str, type[Row]] = {
    "text": TextRow,
    "number": TextRow,
    "choice": ChoiceRow,
    "flag": ChoiceRow,
    "texts": ListRow,
    "secret": SecretRow,
    "names": NamesRow,
}


def row(key: Key, field: Field, value: Any, glyphs: Glyphs) -> Row:
    """Return the row of a key."""
    if field.holds_secrets:
        return SealedRow(key, field, value, glyphs)
    if field.about.shape == "address":
        return AddressRow(key, field, value, glyphs)
    return _ROWS[field.input](key, field, value, glyphs)
