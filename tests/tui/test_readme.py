from pathlib import Path

import pytest

from tests.support.readme_picture import PICTURE, drawn


async def test_the_picture_in_readme_is_what_the_app_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert await drawn(tmp_path) == PICTURE.read_text(encoding="utf-8"), "python -m tests.support.readme_picture"
