"""The way in: `tui-backup`, and `python -m tui_backup`."""

import gc
from typing import NoReturn

YOUNG = 50_000
"""Objects that are made before the collector looks at them; with Python's own 700 a start takes a tenth longer."""


def main() -> NoReturn:
    """Run the program."""
    gc.set_threshold(YOUNG)
    from tui_backup.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
