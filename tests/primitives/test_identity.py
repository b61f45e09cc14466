import os
import pwd
import socket

from tui_backup.primitives.identity import identity


def test_a_process_knows_its_host_user_and_pid() -> None:
    owner = identity()
    assert (owner.hostname, owner.pid, owner.uid) == (socket.gethostname(), os.getpid(), os.getuid())
    assert owner.username == pwd.getpwuid(os.getuid()).pw_name
