"""Themes: every one can be read, a broken one is told, and no state is told by colour alone."""

from pathlib import Path

import pytest
from textual.color import Color

from tests.tui.conftest import at, desk_of, settled
from tui_backup.errors import ConfigError
from tui_backup.tui import themes
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import History

SHIPPED = themes.collected(None).themes
COLOURED = [name for name, file in SHIPPED.items() if not file.ansi]
TEXTS = ("foreground", "quiet", "text-success", "text-warning", "text-error", "text-accent")
GROUNDS = ("background", "surface", "panel")
PAIRS = [
    *((text, ground) for text in TEXTS for ground in GROUNDS),
    ("block-cursor-foreground", "block-cursor-background"),
    ("foreground", "block-cursor-blurred-background"),
    ("foreground", "block-hover-background"),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
]


def contrast(text: Color, ground: Color) -> float:
    """Return the ratio of WCAG 2.1, between 1 and 21."""
    lighter, darker = sorted((luminance(text), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    parts = (part / 255 for part in colour.rgb)
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_shipped_title_can_be_translated() -> None:
    assert sorted(file.title for file in SHIPPED.values()) == sorted(themes.SHIPPED_TITLES)


def test_there_is_a_theme_for_everybody() -> None:
    assert {
        "night", "paper", "contrast-dark", "contrast-light", "colour-blind-dark", "colour-blind-light", "amber",
        "terminal",
    } <= set(SHIPPED)  # fmt: skip


@pytest.mark.parametrize("name", COLOURED)
def test_all_text_of_a_theme_can_be_read(name: str) -> None:
    theme = SHIPPED[name].theme(name)
    variables = theme.to_color_system().generate() | theme.variables
    least = 7.0 if name.startswith("contrast") else 4.5
    background = Color.parse(variables["background"])
    found = {
        f"{text} on {ground}": round(
            contrast(Color.parse(variables[text]), background + Color.parse(variables[ground])), 2
        )
        for text, ground in PAIRS
    }
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


def test_the_theme_of_a_terminal_uses_its_own_colours_only() -> None:
    file = SHIPPED["terminal"]
    colours = (file.primary, file.success, file.warning, file.error, file.quiet, file.background)
    assert all(str(colour).startswith("ansi_") for colour in colours)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title = 1", "title"),
        ("not toml", "is no theme"),
        ('title = "x"\nprimary = "#zzz"\nsuccess = "red"\nwarning = "red"\nerror = "red"\nquiet = "red"', "primary"),
        (
            'title = "x"\nprimary = "red"\nsuccess = "red"\nwarning = "red"\nerror = "red"\nquiet = "red"\n'
            '[variables]\n"border-text-style" = "loud"',
            "border-text-style",
        ),
    ],
)
def test_a_broken_theme_says_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError, match=reason):
        themes.load(tmp_path / "mine.toml")


@pytest.fixture
def own(site: Path) -> Path:
    """The directory of the user's own themes: one is broken, one stands in for a shipped one."""
    directory = site.parent / "themes"
    directory.mkdir()
    (directory / "broken.toml").write_text("primary = 3")
    (directory / "night.toml").write_text((themes.shipped() / "paper.toml").read_text())
    return directory


@pytest.mark.usefixtures("own")
async def test_a_broken_theme_of_ones_own_is_a_notice_and_the_others_work(site: Path) -> None:
    app = BackupApp(desk_of(site), theme="no-such-theme")
    async with app.run_test() as pilot:
        await settled(pilot)
        told = sorted(notice.message for notice in app._notifications)
        assert "broken.toml is no theme" in told[0]
        assert told[1].startswith("there is no theme 'no-such-theme'; known: amber,")
        assert app.theme == "night"
        assert app.current_theme.background == SHIPPED["paper"].background
        assert not any(name.startswith("textual") for name in app.available_themes)


@pytest.fixture
def amber_site(site: Path) -> Path:
    """A site whose configuration names a theme."""
    site.write_text('theme = "amber"\n' + site.read_text())
    return site


async def test_the_theme_of_the_configuration_is_worn_from_the_start(amber_site: Path) -> None:
    app = BackupApp(desk_of(amber_site))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "amber"


@pytest.mark.parametrize("theme", ["night", "terminal"])
async def test_no_color_means_none_and_the_cursor_is_seen(
    theme: str, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = BackupApp(desk_of(site), theme=theme)
    async with app.run_test() as pilot:
        await at(pilot, History())
        segments = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
        styles = [each.style for each in segments if each.style]
        colours = {colour.name for style in styles for colour in (style.color, style.bgcolor) if colour}
        assert colours <= {"default"}
        reversed_ = "".join(each.text for each in segments if each.style and each.style.reverse)
        assert "failed" in reversed_
