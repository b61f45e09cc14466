"""A strict reader of Prometheus's text format 0.0.4: what it does not allow, or nobody should rely on, is an error."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) ((?:[^\\]|\\[\\n])+)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.+)\}})? (-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)')
_RESERVED = {"job", "instance", "le", "quantile"}
"""Labels that Prometheus sets itself, or that mean something to it."""

Labels = frozenset[tuple[str, str]]


class Family(NamedTuple):
    help: str
    kind: str
    samples: dict[Labels, float]


def families(content: bytes) -> dict[str, Family]:
    """Return all families by name; an AssertionError says what is wrong, and where."""
    text = content.decode("utf-8")
    assert text == "" or text.endswith("\n"), "no line end at the end"
    found: dict[str, Family] = {}
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        if help_ := _HELP.fullmatch(line):
            name = help_[1]
            assert name not in found, f"twice: {line}"
            type_ = _TYPE.fullmatch(next(lines))
            assert type_ is not None, f"no type behind {line}"
            assert type_[1] == name, f"another type behind {line}"
            found[name] = Family(help_[2], type_[2], {})
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample is not None, f"no sample: {line}"
        assert found, f"no family: {line}"
        assert sample[1] == next(reversed(found)), f"not with its family: {line}"
        labels = _labels(sample[2] or "")
        samples = found[sample[1]].samples
        assert labels not in samples, f"twice: {line}"
        samples[labels] = float(sample[3])
    assert all(family.samples for family in found.values()), "a family without samples"
    return found


def parsed(content: bytes) -> Mapping[str, dict[Labels, float]]:
    """Return the samples of all families by name."""
    return {name: family.samples for name, family in families(content).items()}


def _labels(text: str) -> Labels:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _LABEL.match(text, at)
        assert match is not None, f"no label: {text[at:]}"
        assert match[1] not in {*found, *_RESERVED}, f"not allowed: {match[1]}"
        assert match[3] or match.end() == len(text)
        found[match[1]] = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), match[2])
        at = match.end()
    return frozenset(found.items())
