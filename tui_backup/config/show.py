"""The configuration as it takes effect: defaults filled in, paths absolute, secrets out of sight."""

from typing import Any, TypeVar

import msgspec

from tui_backup.config.keeping import keep_table, max_unused
from tui_backup.config.schema import repository_keys
from tui_backup.config.settings import Config, JobConfig, MinimumFree, NotifierConfig, RepositoryConfig
from tui_backup.config.unattended import unattended_table
from tui_backup.notifiers.registry import NOTIFIERS
from tui_backup.primitives.registry import Registry
from tui_backup.primitives.secret import SecretSource
from tui_backup.primitives.units import format_duration
from tui_backup.sources.registry import SOURCES
from tui_backup.stores.registry import STORES

T = TypeVar("T")


def effective(config: Config) -> dict[str, Any]:
    """Return everything that takes effect, in the shape of the file; what is not set is left out."""
    return _given(
        timezone=config.timezone,
        language=config.language,
        theme=config.theme,
        state_dir=config.state_dir,
        log_level=config.log_level,
        log_format=config.log_format,
        metrics_file=config.metrics_file,
        repositories={name: _repository(each) for name, each in config.repositories.items()},
        jobs={name: _job(each) for name, each in config.jobs.items()},
        notifiers={name: _notifier(each) for name, each in config.notifiers.items()} or None,
    )


def as_toml(config: Config) -> str:
    """Return everything that takes effect as TOML that could be read again, but for literal secrets."""
    import tomli_w

    return tomli_w.dumps(effective(config))


def _repository(repository: RepositoryConfig) -> dict[str, Any]:
    known = set(repository_keys(repository.format))
    shown = _given(
        format=repository.format,
        store=_adapter(STORES, repository.store),
        password=_shown(repository.password),
        compression=repository.compression,
        name=repository.archive_name,
        compression_level=repository.compression_level,
        encryption_key=_shown(repository.encryption_key),
        history_file=repository.history_file,
        min_free=_minimum(repository.min_free),
        max_unused=max_unused(repository.limits),
        max_repack_size=repository.limits.max_repack_bytes,
        limit_upload=repository.limit_upload,
        limit_download=repository.limit_download,
        object_lock_days=repository.object_lock_days,
        append_only=repository.append_only,
        trusted=repository.trusted,
    )
    return {name: value for name, value in shown.items() if name in known}


def _job(job: JobConfig) -> dict[str, Any]:
    return _given(
        repositories=list(job.repositories),
        timezone=job.timezone,
        expected_every=None if job.expected_every is None else format_duration(job.expected_every),
        undo_keep=format_duration(job.undo_keep),
        on_change=job.on_change,
        keep=None if job.keep is None else keep_table(job.keep),
        sources=[_adapter(SOURCES, source) for source in job.sources],
        **unattended_table(job.timing, job.hooks, job.stop),
    )


def _notifier(notifier: NotifierConfig) -> dict[str, Any]:
    shown = {name: value for name, value in _adapter(NOTIFIERS, notifier.notifier).items() if value != {}}
    jobs = sorted(notifier.jobs) or None
    return {**shown, **_open_addresses(notifier), **_given(on=sorted(notifier.topics), jobs=jobs)}


def _open_addresses(notifier: NotifierConfig) -> dict[str, str]:
    """Return what could be a secret, and is none: an address that gives whoever knows it nothing."""
    secrets = {place for place, _source in notifier.notifier.secrets()}
    options: Any = notifier.notifier
    sources = {name: getattr(options, name) for name in options.__struct_encode_fields__ if hasattr(options, name)}
    return {
        name: source.literal.reveal()
        for name, source in sources.items()
        if isinstance(source, SecretSource) and source.literal is not None and (name,) not in secrets
    }


def _shown(secret: SecretSource | None) -> dict[str, Any] | str | None:
    return secret.shown() if secret else None


def _minimum(minimum: MinimumFree | None) -> str | int | None:
    if minimum is None or minimum.percent is None:
        return minimum.bytes if minimum else None
    return f"{minimum.percent:g}%"


def _adapter(registry: Registry[T], adapter: T) -> dict[str, Any]:
    """Return the table that describes an adapter."""
    kind = next(kind for kind in registry if isinstance(adapter, registry.load(kind)))
    options: dict[str, Any] = msgspec.to_builtins(adapter, enc_hook=_encode)
    return _given(kind=kind, **options)


def _encode(value: Any) -> Any:
    if isinstance(value, SecretSource):
        return value.shown()
    raise NotImplementedError


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
