from tui_backup.api.engine import Engine as Engine
from tui_backup.api.functions import create_backup as create_backup
from tui_backup.api.functions import delete_backup as delete_backup
from tui_backup.api.functions import get_backup_status as get_backup_status
from tui_backup.api.functions import list_backups as list_backups
from tui_backup.api.functions import restore_backup as restore_backup
from tui_backup.api.functions import verify_backup as verify_backup

__version__: str
