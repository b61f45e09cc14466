"""Names of users and groups, each asked for once."""

import grp
import pwd


class UserNames(dict[int, str]):
    """User id -> name, empty where the system knows none."""

    def __missing__(self, uid: int) -> str:
        try:
            name = pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            name = ""
        self[uid] = name
        return name


class GroupNames(dict[int, str]):
    """Group id -> name, empty where the system knows none."""

    def __missing__(self, gid: int) -> str:
        try:
            name = grp.getgrgid(gid).gr_name
        except (KeyError, OverflowError):
            name = ""
        self[gid] = name
        return name
