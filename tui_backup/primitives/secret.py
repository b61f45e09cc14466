"""A string that never prints, and where to get one: a variable, a file, a command, or the configuration itself."""

import os
import shlex
import stat
from collections.abc import Mapping
from typing import Any, Final

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.redaction import MASK, keep_out

COMMAND_TIMEOUT_S: Final = 60.0

_LONGEST: Final = 1 << 20
_RANDOM_BYTES: Final = 32
_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" + (
    "\u2028\u2029\u202f\u205f\u3000"
)
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))


class Secret:
    """Holds a secret; `repr`, `str` and formatting show asterisks, only `reveal` gives it away.

    What was given away is kept out of the log from then on (`redaction`).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; bytes that are not UTF-8 are in it as surrogates (`surrogateescape`)."""
        keep_out(self._value)
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return MASK


def random_secret() -> Secret:
    """Return a new password that nobody can guess, and that can be copied by hand."""
    import secrets

    return Secret(secrets.token_urlsafe(_RANDOM_BYTES))


class SecretSource:
    """Where a secret comes from; exactly one of the four is given."""

    __slots__ = ("base", "command", "env", "file", "literal")

    def __init__(
        self,
        *,
        env: str | None = None,
        file: str | None = None,
        command: tuple[str, ...] | None = None,
        literal: Secret | None = None,
        base: str = "",
    ) -> None:
        self.env = env
        """Name of a variable."""
        self.file = file
        self.command = command
        """A program and its arguments; no shell sees them."""
        self.literal = literal
        """The secret itself, as written in the configuration."""
        self.base = base
        """Directory that the command is started in; empty: the present one."""

    @classmethod
    def of(cls, value: Any) -> "SecretSource":
        """Return the source that `{env = NAME}`, `{file = PATH}`, `{command = [ARGV]}` or a plain text names.

        Raises:
            ValueError: it is none of these; the message does not repeat it.
        """
        match value:
            case str() if value:
                return cls(literal=Secret(value))
            case {"env": str(name)} if len(value) == 1 and name and "=" not in name and "\0" not in name:
                return cls(env=name)
            case {"file": str(path)} if len(value) == 1 and path and "\0" not in path:
                return cls(file=path)
            case {"command": list(words)} if len(value) == 1 and _is_argv(words):
                return cls(command=tuple(words))
        raise ValueError(
            _(
                'must be one of {{ env = "NAME" }}, {{ file = "path" }}, {{ command = ["program", "argument"] }}'
            ).format()
        )

    def rooted(self, base: str) -> "SecretSource":
        """Return the same source with relative paths taken from the directory `base`."""
        file = os.path.normpath(os.path.join(base, os.path.expanduser(self.file))) if self.file else None
        return SecretSource(env=self.env, file=file, command=self.command, literal=self.literal, base=base)

    def resolve(self, key: str, environment: Mapping[str, str] | None = None) -> Secret:
        """Return the secret; may take as long as the command does. `key` is its place in the configuration.

        Raises:
            ConfigError: it cannot be had, or is empty.
        """
        known = os.environ if environment is None else environment
        if self.env is not None:
            secret = _from_variable(self.env, key, known)
        elif self.file is not None:
            secret = _from_file(self.file, key)
        elif self.command is not None:
            secret = _from_command(self.command, key, self.base, known)
        else:
            secret = self.literal or Secret("")
        if not secret.reveal():
            raise _problem(key, _("the secret is empty ({source})"), source=self)
        return secret

    def shown(self) -> dict[str, Any] | str:
        """Return the source as the configuration writes it; asterisks stand for a literal secret."""
        if self.env is not None:
            return {"env": self.env}
        if self.file is not None:
            return {"file": self.file}
        return {"command": list(self.command)} if self.command is not None else repr(self.literal)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretSource) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        match self.shown():
            case {"env": name}:
                return f"env {name}"
            case {"file": path}:
                return f"file {path}"
            case {"command": [program, *_arguments]}:
                return f"command {program}"
        return "literal"

    def _facts(self) -> tuple[object, ...]:
        return self.env, self.file, self.command, self.base, self.literal


def decode_secret(content: bytes) -> str:
    """Return a secret from the bytes of a file or of a command's output, exactly as restic reads password files.

    A byte order mark chooses UTF-8 or UTF-16 and goes; then white space goes from both ends.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            errors = "surrogateescape" if encoding == "utf-8" else "replace"
            return content[len(mark) :].decode(encoding, errors).strip(_WHITE_SPACE)
    return content.decode("utf-8", "surrogateescape").strip(_WHITE_SPACE)


def _is_argv(words: list[object]) -> bool:
    return bool(words) and bool(words[0]) and all(isinstance(word, str) and "\0" not in word for word in words)


def _from_variable(name: str, key: str, environment: Mapping[str, str]) -> Secret:
    value = environment.get(name)
    if value is None:
        raise _problem(
            key,
            _("the environment variable {name} is not set"),
            hint=_("set it, or give the secret as {{ file = ... }} or {{ command = [...] }}").format(),
            name=name,
        )
    return Secret(value)


def _from_file(path: str, key: str) -> Secret:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO) & ~(stat.S_IXGRP | stat.S_IXOTH):
                raise _problem(
                    key, _("others may read or change {path}"), hint=f"chmod 600 {shlex.quote(path)}", path=path
                )
            content = file.read(_LONGEST + 1)
    except FileNotFoundError as error:
        raise _problem(key, _("the file {path} does not exist"), path=path) from error
    except OSError as error:
        raise _problem(key, _("cannot read {path}: {reason}"), path=path, reason=reason_of(error)) from error
    if len(content) > _LONGEST:
        raise _problem(key, _("{path} is too large for a secret"), path=path)
    return Secret(decode_secret(content))


def _from_command(argv: tuple[str, ...], key: str, base: str, environment: Mapping[str, str]) -> Secret:
    """Run a program without shell, input and terminal, with a minimal environment; it may take a minute."""
    from tui_backup.primitives.programs import Program, capture

    program = Program(argv=argv, timeout_s=COMMAND_TIMEOUT_S, directory=base)
    try:
        captured = capture(program, environment, _LONGEST)
    except TimeoutError as error:
        words = _("the command {program} gave no secret within {seconds} seconds")
        raise _problem(key, words, program=argv[0], seconds=f"{COMMAND_TIMEOUT_S:.0f}") from error
    except OSError as error:
        raise _problem(key, _("cannot run {program}: {reason}"), program=argv[0], reason=reason_of(error)) from error
    secret = Secret(decode_secret(captured.output))
    if captured.code != 0:
        words = _("the command {program} failed with exit code {code}: {reason}")
        complaints = _last_words(captured.complaints, secret)
        raise _problem(key, words, program=argv[0], code=captured.code, reason=complaints)
    return secret


def _last_words(complaints: bytes, secret: Secret) -> str:
    """Return the last line that a program wrote on stderr, without the secret should it be there."""
    text = complaints.decode("utf-8", "replace")
    if secret.reveal():
        text = text.replace(secret.reveal(), repr(secret))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-200:] if lines else _("it said nothing")


def _problem(key: str, message: str, *, hint: str | None = None, **facts: object) -> ConfigError:
    return ConfigError(f"{key}: {message.format(**facts)}", hint=hint)
