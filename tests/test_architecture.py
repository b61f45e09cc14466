"""The house rules: small files, small functions, imports that go down, a headless start that loads little."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tui_backup"
MODULES = sorted(PACKAGE.rglob("*.py"))

CLIENTS = {"apprise", "asyncssh", "boto3", "botocore", "paramiko", "requests", "smtplib", "tenacity", "urllib3"}
"""What speaks to servers."""
HEAVY = CLIENTS | {"cryptography", "pathspec", "rich", "textual", "zlib_ng", "zstandard"}

DISTANT = """
[repositories.bucket]
store = { kind = "s3", bucket = "backups", access_key = "a", secret_key = "s" }
password = { env = "HOME" }
[repositories.server]
store = { kind = "sftp", url = "sftp://host/srv/backups" }
password = { env = "HOME" }
[jobs.site]
repositories = ["bucket", "server"]
sources = [{ kind = "files", paths = ["/nonexistent"] }]
[notifiers.ops]
kind = "webhook"
url = "https://example.org/hooks"
[notifiers.mail]
kind = "email"
host = "mail.example.org"
from = "a@example.org"
to = ["b@example.org"]
[notifiers.phone]
kind = "ntfy"
url = "https://ntfy.sh/backups"
[notifiers.watch]
kind = "ping"
url = "https://hc-ping.com/x"
[notifiers.chat]
kind = "apprise"
urls = [{ env = "HOME" }]
"""


SCHEDULED = """
[repositories.local]
store = { kind = "local", path = "backups" }
password = { file = "backups.key" }
[jobs.site]
repositories = ["local"]
schedule = "0 2 * * *"
expected_every = "26h"
sources = [{ kind = "files", paths = ["source"] }]
"""


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def names(modules: list[Path]) -> list[str]:
    return [str(module.relative_to(ROOT)) for module in modules]


def loaded_by(script: str, *arguments: str) -> set[str]:
    """Return the modules that are loaded once a script has run in a fresh interpreter."""
    tail = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    command = [sys.executable, "-c", script + tail, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(ended.stderr.splitlines()[-1]))


def loaded_by_command(*arguments: str) -> set[str]:
    script = "from tui_backup.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass"
    return loaded_by(script, *arguments)


def test_no_file_is_longer_than_400_lines() -> None:
    assert names([module for module in MODULES if len(module.read_text().splitlines()) > 400]) == []


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{module.relative_to(ROOT)}:{function.lineno} {function.name}"
        for module in MODULES
        for function in functions(module)
        if (function.end_lineno or 0) - function.lineno + 1 > 40
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    assert names([module for module in MODULES if not ast.get_docstring(ast.parse(module.read_text()))]) == []


def test_only_the_output_module_prints() -> None:
    printing = [
        f"{module.relative_to(ROOT)}:{node.lineno}"
        for module in MODULES
        if module != PACKAGE / "cli" / "output.py"
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_imports_obey_the_contracts() -> None:
    tool = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert tool, "import-linter comes with the extra `test`"
    ended = subprocess.run([tool, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout


def test_every_adapter_is_reached_through_its_registry_alone() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (protected,) = (contract["protected_modules"] for contract in contracts if contract["type"] == "protected")
    for registry in PACKAGE.glob("*/registry.py"):
        for node in ast.walk(ast.parse(registry.read_text())):
            if isinstance(node, ast.Constant) and str(node.value).startswith("tui_backup.") and ":" in str(node.value):
                module = str(node.value).partition(":")[0]
                assert any(module == open_ or module.startswith(f"{open_}.") for open_ in protected), module


def test_importing_the_package_loads_nothing_else_of_it() -> None:
    assert {name for name in loaded_by("import tui_backup") if name.startswith("tui_backup.")} == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["status"], ["status", "--prometheus"], ["--run-scheduled"]], ids=" ".join
)
def test_what_answers_at_once_loads_little(arguments: list[str], tmp_path: Path) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text("")
    loaded = {name.partition(".")[0] for name in loaded_by_command("--config", str(configuration), *arguments)}
    assert loaded & HEAVY == set()


def test_what_every_login_asks_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text('state_dir = "state"\n' + SCHEDULED)
    loaded = loaded_by_command("--config", str(configuration), "status", "--motd")
    assert "tui_backup.services.status.overview" in loaded
    assert loaded & {"croniter", "ctypes", "difflib", "hashlib", "secrets", "statistics", "subprocess"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["config", "check"], ["config", "show"]], ids=" ".join)
def test_what_asks_no_server_loads_nothing_that_speaks_to_one(arguments: list[str], tmp_path: Path) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text(DISTANT)
    configuration.chmod(0o600)
    loaded = {name.partition(".")[0] for name in loaded_by_command("--config", str(configuration), *arguments)}
    assert loaded & CLIENTS == set()
