import tomllib
from pathlib import Path

from tui_backup.primitives.i18n import use
from tui_backup.primitives.toml_comments import comments, translated

SAMPLE = (Path(__file__).parent.parent.parent / "sample_config.toml").read_text()

TEXT = """\
# Where else a password may come from: a variable,
# or the output of a command (no shell).
#
#     an example
place = "a  # b"       # a directory
#other = 1             # files and directories
bare = 2
# said by nobody   and  left as it is
"""


def test_comments_are_paragraphs_and_what_stands_behind_values() -> None:
    assert list(comments(TEXT)) == [
        "Where else a password may come from: a variable, or the output of a command (no shell).",
        "said by nobody   and  left as it is",
        "a directory",
        "files and directories",
    ]


def test_what_is_translated_changes_nothing_but_comments() -> None:
    assert translated(TEXT) == TEXT
    use("pt_BR")
    assert translated(TEXT) == (
        "# De onde mais pode vir uma senha: de uma variável, ou da saída de um comando (sem shell).\n"
        "#\n"
        "#     an example\n"
        'place = "a  # b"       # um diretório\n'
        "#other = 1             # arquivos e diretórios\n"
        "bare = 2\n"
        "# said by nobody   and  left as it is\n"
    )


def test_the_sample_says_the_same_in_portuguese() -> None:
    use("pt_BR")
    spoken = translated(SAMPLE)
    assert tomllib.loads(spoken) == tomllib.loads(SAMPLE)
    options = [line.partition("=")[0] for line in SAMPLE.splitlines() if line.startswith("#") and line[1:2].isalpha()]
    assert [
        line.partition("=")[0] for line in spoken.splitlines() if line.startswith("#") and line[1:2].isalpha()
    ] == options
    assert not {"the", "of"} & {word for comment in comments(spoken) for word in comment.split()}
