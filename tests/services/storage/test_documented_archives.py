"""The archives that the documented systems make: names and inner layouts come out exactly."""

import re
import zipfile
from pathlib import Path

from tests.support.estate import Estate, build_estate

ZIP = """\
state_dir = "state"

[repositories.zips]
format = "zip"
name = "backup_{time:compact}_{kind}"
store = { kind = "local", path = "zips" }

[jobs.reports]
repositories = ["zips"]

[[jobs.reports.sources]]
kind = "files"
paths = ["app/static"]
as = "static"

[[jobs.reports.sources]]
kind = "files"
paths = ["app/requirements.txt", "app/env.example", "app/.gitignore"]
as = "config"

[[jobs.reports.sources]]
kind = "files"
paths = ["app/logs"]
as = "logs"
"""
FILES = {
    "static/css/style.css": "body {}",
    "static/images/logoAtl.jpeg": "\xff\xd8",
    **{f"static/js/{name}.js": f"// {name}" for name in ("admin", "app", "dp", "login", "trafego")},
    "requirements.txt": "flask\n",
    "env.example": "KEY=\n",
    ".gitignore": "backups/\n",
    "logs/app.log": "started\n",
}


def test_a_zip_has_the_documented_layout(tmp_path: Path) -> None:
    estate: Estate = build_estate(tmp_path, (), made=False)
    for name, content in FILES.items():
        (tmp_path / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "app" / name).write_text(content)
    (tmp_path / "config.toml").write_text(ZIP)
    ran = estate.run("reports")
    assert ran.errors == []
    (snapshot,) = estate.held("zips")
    assert re.fullmatch(r"backup_\d{8}_\d{6}_manual\.zip", snapshot.id)
    with zipfile.ZipFile(tmp_path / "zips" / snapshot.id) as archive:
        assert archive.testzip() is None
        files = {name for name in archive.namelist() if not name.endswith("/")}
    layout = {name if "/" in name else f"config/{name}" for name in FILES}
    assert files == {*layout, "backup_info.json"}
