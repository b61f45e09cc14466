"""`append_only = true`: what goes on as ever, and what is refused before anything happens."""

import re
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.support.estate import Estate, build_estate
from tests.support.histories import with_keep

REFUSED = re.compile(r"tui-backup: error: (.* )?nothing is removed from .*/local: append_only = true")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job that was backed up twice, before its repository was told to keep everything."""
    estate = build_estate(tmp_path / "estate", ("local",), spare=("usb",))
    for text in ("one\n", "two\n"):
        (estate.source / "a").write_text(text)
        estate.run()
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace("[repositories.local]", "[repositories.local]\nappend_only = true"))
    with_keep(estate, "{ last = 1 }")
    return estate


def stored(estate: Estate) -> dict[str, int]:
    """Return every object but locks, with the time of its last change."""
    root = estate.directory / "local"
    return {
        str(path.relative_to(root)): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file() and path.parent.name != "locks"
    }


def test_a_run_adds_and_forgets_nothing(estate: Estate, program: Call) -> None:
    before = stored(estate)
    answer = program("run", "site")
    assert (answer.code, answer.err.count("\n")) == (0, 1), answer.err
    assert before.items() <= stored(estate).items()
    assert len(estate.held("local")) == 3
    assert program("status", "--check").code == 0
    assert program("verify", "-r", "local", "--read-data").code == 0
    assert not list((estate.directory / "local" / "locks").iterdir())


@pytest.mark.parametrize(
    "command",
    [
        "prune",
        "prune -r local --yes",
        "forget {id} --yes",
        "tag {id} add x",
        "repair index -r local --yes",
        "key remove {key} -r local --yes",
        "key passwd -r local --new-password-file {new} --yes",
    ],
)
def test_what_would_remove_something_is_refused_first(
    estate: Estate, program: Call, command: str, tmp_path: Path
) -> None:
    new, other = tmp_path / "new.key", tmp_path / "estate" / "usb"
    new.touch(0o600)
    new.write_text("another long password\n")
    (spare,) = (other / "keys").iterdir()
    (estate.directory / "local" / "keys" / spare.name).write_bytes(spare.read_bytes())
    before = stored(estate)
    job = ["--job", "site"] if command == "prune" else []
    arguments = command.format(id=estate.held("local")[0].id, key=spare.name, new=new).split()
    answer = program(*arguments, *job)
    assert answer.code == 1, answer
    assert REFUSED.search(answer.err), answer.err
    assert "hint: " in answer.err
    assert stored(estate) == before


def test_the_configuration_says_what_does_nothing(program: Call) -> None:
    answer = program("config", "check")
    assert answer.code == 0
    assert "jobs.site.keep: nothing is ever forgotten in local: append_only = true" in answer.out


def test_prune_of_everything_passes_over_it(estate: Estate, program: Call) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('["local"]', '["local", "usb"]'))
    assert program("run", "site").code == 0
    before = stored(estate)
    answer = program("prune", "--yes")
    assert answer.code == 0, answer.err
    assert stored(estate) == before


def test_locks_that_were_left_behind_can_go(estate: Estate, program: Call) -> None:
    (estate.directory / "local" / "locks").mkdir(exist_ok=True)
    (estate.directory / "local" / "locks" / ("a" * 64)).write_bytes(b"left")
    assert program("unlock", "-r", "local", "--force", "--yes").code == 0
    assert not list((estate.directory / "local" / "locks").iterdir())
