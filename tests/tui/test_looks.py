"""Pictures of every page, in two sizes and two themes."""

from tests.tui.conftest import Look


def test_dashboard(look: Look) -> None:
    look()
