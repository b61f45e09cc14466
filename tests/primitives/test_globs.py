import pytest

from tui_backup.primitives.globs import matcher


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.pdf", b"/srv/a/report.pdf", True),
        ("*.pdf", b"/srv/a.pdf/report", False),
        ("report.???", b"/report.pdf", True),
        ("/srv/*/a", b"/srv/x/a", True),
        ("/srv/*/a", b"/srv/x/y/a", False),
        ("/srv/**/a", b"/srv/x/y/a", True),
        ("/srv/**/a", b"/srv/a", True),
        ("/srv/**", b"/srv/x/y", True),
        ("x/*.txt", b"/srv/x/a.txt", True),
        ("x/*.txt", b"/srv/xx/a.txt", False),
        ("caf\udce9", b"/srv/caf\xe9", True),
        ("[!a]?.x", b"/srv/bb.x", True),
    ],
)
def test_stars_stay_within_a_name_and_two_of_them_do_not(pattern: str, path: bytes, matches: bool) -> None:
    assert matcher(pattern)(path) is matches
