"""Secrets that were given away are kept out of texts."""

import json
from urllib.parse import quote

import pytest

from tui_backup.primitives.redaction import MASK, redacted
from tui_backup.primitives.secret import Secret, SecretSource


@pytest.mark.parametrize(
    "secret", ["tr0ub4dor&3", "wörd with space", 'qu"ote', "back\\slash", "per%cent", "raw\udcffbyte"]
)
def test_a_secret_is_masked_in_every_form_that_libraries_show(secret: str) -> None:
    source = SecretSource.of(secret)
    plain = source.resolve("password").reveal()
    shown = [plain, repr(plain), quote(plain.encode("utf-8", "surrogateescape"), safe="")]
    if plain.isprintable():
        shown.append(json.dumps(plain, ensure_ascii=False))
    for text in shown:
        assert MASK in redacted(f"login with {text} failed")
        assert plain not in redacted(f"login with {text} failed")


def test_the_longer_of_two_secrets_leaves_no_rest() -> None:
    for each in ("hunter", "hunter2-and-more"):
        Secret(each).reveal()
    assert redacted("hunter2-and-more") == MASK


def test_what_is_too_short_to_be_a_secret_spoils_no_text() -> None:
    Secret("ab").reveal()
    assert redacted("about a cab") == "about a cab"


def test_comparing_secrets_gives_none_away() -> None:
    assert SecretSource.of("never-used-one") == SecretSource.of("never-used-one")
    assert SecretSource.of("never-used-one") != SecretSource.of("never-used-two")
    assert redacted("never-used-one") == "never-used-one"
