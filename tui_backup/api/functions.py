"""The Python API as functions, for the configuration that the command line would find."""

from tui_backup.api.engine import Engine

_engine = Engine()

create_backup = _engine.create_backup
list_backups = _engine.list_backups
get_backup_status = _engine.get_backup_status
verify_backup = _engine.verify_backup
restore_backup = _engine.restore_backup
delete_backup = _engine.delete_backup
