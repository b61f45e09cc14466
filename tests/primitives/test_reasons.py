import errno
import os

import pytest

from tui_backup.primitives.i18n import use
from tui_backup.primitives.reasons import KNOWN, reason_of, reason_of_code


def test_what_is_translated_is_what_the_system_says() -> None:
    said = {os.strerror(code) for code in errno.errorcode}
    assert set(KNOWN) - said == set()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "No such file or directory"), ("pt_BR", "arquivo ou diretório não existe")]
)
def test_the_system_is_quoted_in_the_language(language: str, said: str) -> None:
    use(language)
    with pytest.raises(FileNotFoundError) as caught:
        os.stat("/nonexistent")
    assert reason_of(caught.value) == reason_of_code(errno.ENOENT) == said


def test_an_error_that_the_system_did_not_make_speaks_for_itself() -> None:
    use("pt_BR")
    assert reason_of(OSError("out of paper")) == "out of paper"
    assert reason_of_code(None) == os.strerror(0)
