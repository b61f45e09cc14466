"""Metrics as Prometheus and what understands it read them: the text exposition format, version 0.0.4.

Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_IN_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_IN_LABEL = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class Sample(NamedTuple):
    """One value, with what tells it from the others of its family."""

    labels: Mapping[str, str]
    value: float


class Gauges(NamedTuple):
    """A family of values that go up and down; no two samples have the same labels."""

    name: str
    help: str
    samples: Sequence[Sample]


def exposition(families: Iterable[Gauges]) -> bytes:
    """Return families as text in UTF-8; one without samples is left out."""
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _lines(family: Gauges) -> Iterable[str]:
    yield f"# HELP {family.name} {family.help.translate(_IN_HELP)}"
    yield f"# TYPE {family.name} gauge"
    for labels, value in family.samples:
        told = ",".join(f'{name}="{text.translate(_IN_LABEL)}"' for name, text in labels.items())
        yield f"{family.name}{{{told}}} {_written(value)}" if told else f"{family.name} {_written(value)}"


def _written(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
