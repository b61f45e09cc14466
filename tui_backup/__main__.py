"""`python -m tui_backup` is `tui-backup`."""

from tui_backup.cli.main import main

if __name__ == "__main__":
    main()
