"""The command line in Portuguese; JSON that is the same in every language."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.calling import Answer, Call
from tests.cli.site import Site
from tui_backup.cli.main import cli
from tui_backup.primitives.i18n import _, use

PORTUGUESE = 'language = "pt_BR"\n'


def in_portuguese(*arguments: str) -> Answer:
    """Run the program as somebody whose locale is Portuguese, be it installed or not."""
    environment = {name: value for name, value in os.environ.items() if name not in {"LANGUAGE", "LC_ALL"}}
    environment |= {"LANG": "pt_BR.UTF-8", "PYTHONUTF8": "1", "COLUMNS": "80"}
    command = [sys.executable, "-m", "tui_backup", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def portuguese_site(site: Site) -> Site:
    """A site whose configuration is Portuguese, while the locale is not."""
    site.config.write_text(PORTUGUESE + site.config.read_text())
    return site


def test_help_is_portuguese_to_its_last_word() -> None:
    whole, command = in_portuguese("--help"), in_portuguese("restore", "--help")
    assert whole.out.startswith("Uso: tui-backup [OPTIONS]")
    assert "\nOpções:\n" in whole.out
    assert "\nComandos:\n" in whole.out
    assert "  restore       Trazer arquivos de volta.\n" in whole.out
    assert "  Restaurar SNAPSHOT: mostra um plano, pergunta e faz exatamente o que o plano" in command.out
    assert "  -h, --help                      Mostrar esta ajuda e sair." in command.out
    assert not {"the", "and", "Show", "Options:"} & set((whole.out + command.out).split())


def commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from commands(inner)


def test_all_help_can_be_translated() -> None:
    known = list(commands(cli))
    texts = {text for command in known for text in (command.help, command.short_help) if text}
    texts |= {each.help for command in known for each in command.params if isinstance(each, click.Option) and each.help}
    use("pt_BR")
    assert {text for text in texts if _(text) == text} == set()
    assert len(texts) > 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nada"], "tui-backup: erro: não há o comando 'nada'\ndica: veja tui-backup --help\n"),
        (["run", "--nada"], "tui-backup: erro: não há a opção '--nada'\ndica: veja tui-backup run --help\n"),
        (["copy"], "tui-backup: erro: falta o argumento 'SNAPSHOT...'\ndica: veja tui-backup copy --help\n"),
    ],
)
def test_what_the_library_of_the_command_line_complains_of_is_portuguese_too(
    arguments: list[str], said: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "pt_BR")
    use(None)
    answer = call(*arguments)
    assert (answer.code, answer.err) == (2, said)


def test_the_configuration_names_the_language(portuguese_site: Site) -> None:
    assert portuguese_site.call("run", "nada").err == (
        "tui-backup: erro: não há tarefa 'nada' na configuração\ndica: conhecidos: site\n"
    )
    assert "tarefa" not in in_portuguese("--version").out


def test_a_wrong_configuration_is_complained_of_in_its_language(portuguese_site: Site) -> None:
    portuguese_site.config.write_text(PORTUGUESE + 'colour = "red"\n')
    assert "2: colour: chave desconhecida\n" in portuguese_site.call("config", "check").err
    portuguese_site.config.write_text('language = "en"\ncolour = "red"\n')
    assert "2: colour: unknown key\n" in portuguese_site.call("config", "check").err


def test_a_day_of_work_is_told_in_portuguese(portuguese_site: Site, tmp_path: Path) -> None:
    (portuguese_site.source / "big").write_bytes(os.urandom(1_234_567))
    first = portuguese_site.call("run", "site")
    assert "site → local: ok: backup de 1,2 MB em " in first.err
    assert portuguese_site.call("status").out.endswith("\ntudo em ordem\n")
    assert portuguese_site.call("list").out.split()[:4] == ["ID", "HORA", "TAREFA", "REPOSITÓRIO"]
    assert " não verificada " in portuguese_site.call("list").out
    assert "tui-backup: 1 tarefa, tudo em ordem, backup mais novo " in portuguese_site.call("status", "--motd").out
    plan = portuguese_site.call("restore", "latest", "--target", str(tmp_path / "out"), "--dry-run")
    assert plan.out.startswith("novo ")
    assert "\nRestaurar " in plan.out
    assert "\n  1,2 MB a escrever, " in plan.out
    assert "sem danos: 1 cópia e " in portuguese_site.call("verify").out


READING = (
    ("status",),
    ("list",),
    ("history",),
    ("runs",),
    ("ls", "latest", "--recursive"),
    ("find", "*.txt"),
    ("prune", "--dry-run"),
    ("key", "list", "-r", "local"),
    ("config", "check"),
    ("config", "show"),
    ("unlock", "--dry-run"),
    ("run", "site", "--dry-run"),
    ("run", "nada"),
    ("nada",),
    ("ls", "ffffffff"),
)


def held_still(document: str) -> str:
    """Return a document without what differs from one moment to the next."""
    return re.sub(r'"(duration|free)": ?[0-9.]+', "", document)


def test_json_is_the_same_in_every_language(site: Site, tmp_path: Path) -> None:
    site.back_up()
    plan = ("restore", "latest", "--target", str(tmp_path / "out"), "--dry-run")
    english = [site.call("--json", *arguments) for arguments in (*READING, plan)]
    text = site.config.read_text()
    site.config.write_text(PORTUGUESE + text)
    portuguese = [site.call("--json", *arguments) for arguments in (*READING, plan)]
    shown = [held_still(answer.out).replace('\n  "language": "pt_BR",', "") for answer in portuguese]
    assert shown == [held_still(answer.out) for answer in english]
    assert [answer.err for answer in portuguese] == [answer.err for answer in english]
    assert in_portuguese("--json", "nada").err == english[READING.index(("nada",))].err
