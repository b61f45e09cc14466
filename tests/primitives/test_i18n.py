"""Which language is spoken, and by whom."""

from threading import Thread

import pytest

from tui_backup.primitives.crew import Channel, Crew
from tui_backup.primitives.i18n import _, in_other_language, language, ngettext, only, pgettext, use

CLEARED = ("TUI_BACKUP_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    use(None)


class Speaker:
    """A worker that says one text."""

    def __init__(self, setup: bytes, channel: Channel) -> None:
        self._channel = channel

    def work(self) -> None:
        self._channel.send(_("cancelled").encode())


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "pt_PT.UTF-8"}, "en"),
        ({"LANG": "pt_BR"}, "pt_BR"),
        ({"LANG": "pt_BR.UTF-8"}, "pt_BR"),
        ({"LANG": "pt_BR@euro"}, "pt_BR"),
        ({"LC_MESSAGES": "pt_BR.UTF-8", "LANG": "C.UTF-8"}, "pt_BR"),
        ({"LC_ALL": "C.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LANGUAGE": "pt_BR:en", "LC_ALL": "en_US.UTF-8"}, "pt_BR"),
        ({"LANGUAGE": "de:pt_BR"}, "pt_BR"),
        ({"LANGUAGE": "en_GB:pt_BR"}, "en"),
        ({"LANGUAGE": "en:pt_BR"}, "en"),
        ({"LANGUAGE": "C:pt_BR"}, "en"),
        ({"LANGUAGE": "", "LANG": "pt_BR"}, "pt_BR"),
        ({"TUI_BACKUP_LANGUAGE": "pt_BR", "LC_ALL": "C"}, "pt_BR"),
        ({"TUI_BACKUP_LANGUAGE": "en", "LC_ALL": "pt_BR.UTF-8"}, "en"),
        ({"LANG": "../../../etc"}, "en"),
    ],
)
def test_the_environment_names_the_language(
    environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    use(None)
    assert language() == spoken
    assert _("cancelled") == {"en": "cancelled", "pt_BR": "cancelado"}[spoken]


def test_what_is_said_follows_the_language_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    use("en")
    assert (language(), _("cancelled")) == ("en", "cancelled")
    use("pt_BR")
    assert _("cancelled") == "cancelado"
    assert ngettext("{count} job", "{count} jobs", 1) == "{count} tarefa"
    assert ngettext("{count} job", "{count} jobs", 2) == "{count} tarefas"
    assert pgettext("what a run does", "prune") == "limpeza"
    assert _("") == ""
    use("en")
    assert (_("cancelled"), ngettext("{count} job", "{count} jobs", 2)) == ("cancelled", "{count} jobs")
    assert pgettext("what a run does", "prune") == "prune"


def test_a_language_can_be_held_against_every_configuration() -> None:
    use("pt_BR")
    with only("en"):
        use("pt_BR")
        assert _("cancelled") == "cancelled"
        with only("pt_BR"):
            assert _("cancelled") == "cancelado"
        assert _("cancelled") == "cancelled"
    assert _("cancelled") == "cancelado"
    use("en")
    assert _("cancelled") == "cancelled"


def test_threads_and_workers_speak_as_their_owner_does() -> None:
    use("pt_BR")
    heard = list[str]()
    thread = Thread(target=lambda: heard.append(_("cancelled")))
    thread.start()
    thread.join()
    crew = Crew("tests.primitives.test_i18n:Speaker", b"", 1)
    heard += [message.decode() for _worker, message in crew.poll(None)]
    crew.close()
    assert heard == ["cancelado", "cancelado"]


def test_a_text_is_found_by_its_words_in_the_other_language() -> None:
    assert in_other_language("Find a file") == "Achar um arquivo"
    use("pt_BR")
    assert in_other_language("Achar um arquivo") == "Find a file"
    assert in_other_language("no text of ours") == "no text of ours"
