"""What a good configuration means."""

from pathlib import Path

from tests.config.writing import changed, load
from tui_backup.config.settings import MinimumFree

GIB = 2**30


def test_everything_that_is_written_takes_effect(tmp_path: Path) -> None:
    config = load(tmp_path)
    repository, job = config.repositories["local"], config.jobs["site"]
    assert (config.timezone, config.log_level) == ("Europe/Berlin", "debug")
    assert (repository.compression, repository.trusted) == ("max", False)
    assert repository.min_free == MinimumFree(percent=5.0)
    assert repository.password is not None
    assert repository.password.file == str(tmp_path / "backups.key")
    assert (job.repositories, job.expected_every, job.on_change) == (("local",), 93_600, "incomplete")
    assert job.sources[0].roots() == (str(tmp_path / "static"), "/srv")
    assert job.sources[0].patterns() == ("logs/",)


def test_a_job_is_in_the_zone_of_the_configuration_unless_it_has_its_own(tmp_path: Path) -> None:
    assert load(tmp_path).jobs["site"].timezone == "Europe/Berlin"
    text = changed('on_change = "incomplete"', 'timezone = "Asia/Tokyo"')
    assert load(tmp_path, text).jobs["site"].timezone == "Asia/Tokyo"


def test_an_empty_file_is_a_configuration(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert (config.jobs, config.repositories, config.timezone, config.log_level) == ({}, {}, None, "info")


def test_the_mark_of_a_windows_editor_does_no_harm(tmp_path: Path) -> None:
    assert load(tmp_path, '\ufefftimezone = "UTC"\r\n').timezone == "UTC"


def test_minimum_space_is_a_share_or_a_size(tmp_path: Path) -> None:
    minimum = load(tmp_path, changed('min_free = "5%"', 'min_free = "10GiB"')).repositories["local"].min_free
    assert minimum == MinimumFree(bytes=10 * GIB)
    assert minimum.limit(None) == 10 * GIB
    assert MinimumFree(percent=5).limit(100 * GIB) == 5 * GIB
    assert MinimumFree(percent=5).limit(None) is None


def test_a_name_with_dots_is_a_name(tmp_path: Path) -> None:
    assert list(load(tmp_path, changed("[jobs.site]", '[jobs."site.example.org"]').partition("[[")[0] + SOURCE).jobs)


SOURCE = '\n[[jobs."site.example.org".sources]]\nkind = "files"\npaths = ["/srv"]\n'
