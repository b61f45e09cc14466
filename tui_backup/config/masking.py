"""Masking: the text of a configuration without the secrets that stand in it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tui_backup.config.document import Fault
from tui_backup.config.editing import Draft, difference
from tui_backup.config.fields import Field, adapter_fields, repository_fields
from tui_backup.config.lines import Key, dotted, laid_out, line_numbers
from tui_backup.config.splicing import find, written
from tui_backup.notifiers.options import gives_access
from tui_backup.primitives.i18n import _

MASK: Final = "********"
"""Stands for a secret in a text that is shown."""

_OTHER: Final = f"{MASK} *"
"""Stands for a secret that is another than before."""


def masked(draft: Draft) -> str:
    """Return the text with a mask in place of each secret."""
    return _with(draft, dict.fromkeys(_literals(draft), written(MASK)))


def unmasked(shown: str, draft: Draft) -> Draft:
    """Return what an edited text means, of which the masks stand for the secrets of a draft.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML.
        Fault: a mask stands where the draft has no secret.
    """
    edited = Draft(shown)
    layout = laid_out(draft.text)
    secrets: dict[Key, str] = {}
    for key in _literals(edited):
        if edited.get(key) not in {MASK, _OTHER}:
            continue
        node = find(layout, key)
        if node is None or node.key != key or not isinstance(draft.get(key), str):
            reason = _("give the secret again: it is hidden, and did not come along")
            raise Fault(f"{dotted(key)}: {reason}", key=key, line=line_numbers(shown).get(key), reason=reason)
        secrets[key] = draft.text[node.value : node.end]
    return Draft(_with(edited, secrets))


def shown_difference(before: Draft, after: Draft) -> list[str]:
    """Return the unified diff of two drafts without their secrets; one that changed is told from one that did not."""
    former = {key: before.get(key) for key in _literals(before)}
    masks = {key: written(MASK if former.get(key) in {None, after.get(key)} else _OTHER) for key in _literals(after)}
    return difference(masked(before), _with(after, masks))


def sealed(field: Field, value: Any) -> Any:
    """Return a list or a table of secrets with a mask in place of each that stands in it."""
    items = _items(value) if field.holds_secrets else ()
    return _with_items(value, {name: MASK for name, each in items if isinstance(each, str)})


def unsealed(value: Any, former: Any) -> Any:
    """Return what is meant by a list or a table in which masks stand for what `former` has there.

    None where that has none there.
    """
    known = dict(_items(former))
    hidden = {name: known.get(name) for name, each in _items(value) if each == MASK}
    return _with_items(value, hidden) if all(isinstance(each, str) for each in hidden.values()) else None


def is_open(field: Field, value: Any) -> bool:
    """Whether a value that a secret may stand in is none: an address that gives whoever knows it nothing."""
    return field.about.shape == "address" and isinstance(value, str) and not gives_access(value)


def has_secrets(draft: Draft) -> bool:
    """Whether a secret stands in the text."""
    return any(True for _key in _literals(draft))


def _with(draft: Draft, values: dict[Key, str]) -> str:
    """Return the text with other values, given as TOML has them."""
    text = draft.text
    for key, value in values.items():
        node = find(laid_out(text), key)
        if node is not None and node.key == key:
            text = text[: node.value] + value + text[node.end :]
    return text


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _with_items(value: Any, items: Mapping[str | int, Any]) -> Any:
    if isinstance(value, dict):
        return {name: items.get(name, each) for name, each in value.items()}
    return [items.get(place, each) for place, each in enumerate(value)] if isinstance(value, list) else value


def _literals(draft: Draft) -> Iterator[Key]:
    """Yield the keys that hold a secret itself."""
    for key in _secret_keys(draft.tables):
        if isinstance(draft.get(key), str):
            yield key


def _secret_keys(tables: dict[str, Any]) -> Iterator[Key]:
    for name, repository in _tables(tables.get("repositories")):
        at: Key = ("repositories", name)
        for field in repository_fields():
            yield from _below((*at, field.name), field, repository.get(field.name))
    for name, job in _tables(tables.get("jobs")):
        sources = job.get("sources")
        for place, source in enumerate(sources if isinstance(sources, list) else []):
            if isinstance(source, dict):
                kind = str(source.get("kind"))
                for field in adapter_fields("source", kind):
                    yield from _below(("jobs", name, "sources", place, field.name), field, source.get(field.name))

    for name, notifier in _tables(tables.get("notifiers")):
        for field in adapter_fields("notifier", str(notifier.get("kind"))):
            yield from _below(("notifiers", name, field.name), field, notifier.get(field.name))


def _below(key: Key, field: Field, value: Any) -> Iterator[Key]:
    if field.holds_secrets and not isinstance(value, str):
        yield from ((*key, name) for name, _each in _items(value))
    elif field.holds_secrets or (field.input == "secret" and not is_open(field, value)):
        yield key
    elif field.input == "adapter" and isinstance(value, dict):
        for option in adapter_fields(field.about.shape, str(value.get("kind"))):
            yield from _below((*key, option.name), option, value.get(option.name))


def _tables(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield from ((name, table) for name, table in value.items() if isinstance(table, dict))
