"""Mail, with a real server of mail."""

import re
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest

from tests.notifiers.given import HOSTILE, NOW, notice, secret
from tests.notifiers.rigs import PASSWORD, made
from tests.support.servers.certificates import Certificates, make_certificates
from tests.support.servers.daemons import LOCALHOST
from tests.support.servers.receivers import MailServer, mail_server
from tui_backup.errors import ConfigError, NotDelivered
from tui_backup.notifiers.base import Notifier

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see encryption from the first byte


def mail(server: MailServer, certificates: Certificates | None = None, **options: Any) -> Notifier:
    given: dict[str, Any] = {
        "host": LOCALHOST,
        "port": server.port,
        "security": "none" if certificates is None else "starttls",
        "from_": "Bäckups <backup@example.org>",
        "to": ("ops@example.org", "Other <other@example.org>"),
        "ca_file": certificates and certificates.authority,
        **options,
    }
    return made("email", **given)


def refused(notifier: Notifier, **facts: Any) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        notifier.send(notice(**facts))
    assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("starttls", [True, False], ids=["starttls", "tls"])
@pytest.mark.parametrize("password", [PASSWORD, "plain-ascii"])
def test_mail_goes_by_an_encrypted_connection_after_a_login(
    starttls: bool, password: str, certificates: Certificates
) -> None:
    with mail_server(certificates, starttls=starttls, password=password) as server:
        options = {"user": "backup", "password": secret(password), "security": "starttls" if starttls else "tls"}
        mail(server, certificates, **options).send(notice())
        (came,) = server.got
    assert came.user == "backup"
    assert came.sender == "backup@example.org"
    assert came.recipients == ("ops@example.org", "other@example.org")


def test_the_head_of_a_mail_tells_programs_what_it_is() -> None:
    with mail_server() as server:
        mail(server, subject_prefix="[bäckup]").send(notice())
        (came,) = server.got
    head = came.content
    assert head["Subject"] == f"[bäckup] {notice().title}"
    assert head["From"].addresses == (Address("Bäckups", "backup", "example.org"),)
    assert [each.addr_spec for each in head["To"].addresses] == ["ops@example.org", "other@example.org"]
    assert head["Date"].datetime == NOW.replace(microsecond=0)
    assert head["Message-ID"] == f"<{notice().id}@example.org>"
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["X-Tui-Backup-Event"] == "backup_completed"
    assert head.get_content_type() == "text/plain"
    assert head.get_content_charset() == "utf-8"
    assert max(map(len, came.raw.splitlines())) < 998


def test_addresses_as_people_write_them() -> None:
    to = ("Doe, Jane <jane@example.org>", '"O. P." <ops@example.org>', "<x@example.org>", "y@exämple.org")
    with mail_server() as server:
        mail(server, to=to).send(notice())
        (came,) = server.got
    assert came.recipients == ("jane@example.org", "ops@example.org", "x@example.org", "y@xn--exmple-cua.org")
    assert [each.display_name for each in came.content["To"].addresses] == ["Doe, Jane", "O. P.", "", ""]


@pytest.mark.parametrize("given", ["a..b@example.org", "a@exam_ple..org"])
def test_an_address_that_no_mail_goes_to_is_a_wrong_configuration(given: str) -> None:
    with mail_server() as server, pytest.raises(ConfigError, match=r"to: .* is no address of mail"):
        mail(server, to=(given,)).send(notice())


def test_names_with_line_ends_add_no_header() -> None:
    with mail_server() as server:
        hostile = {"title": HOSTILE, "event": HOSTILE, "message": f".\r\n{HOSTILE}\n.\n..\n", "id": "x>\r\nCc: y@z"}
        mail(server).send(notice(**hostile))
        (came,) = server.got
    assert came.recipients == ("ops@example.org", "other@example.org")
    assert not {"bcc", "cc"} & {name.lower() for name in came.content}
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", came.content["Message-ID"])
    assert came.content.get_content().replace("\r\n", "\n").split("\n")[-4:] == [".", "..", "", ""]


def test_a_server_that_offers_no_encryption_gets_nothing() -> None:
    with mail_server() as server:
        error = refused(mail(server, security="starttls", user="backup", password=secret(PASSWORD)))
        assert server.got == []
    assert not error.transient
    assert "STARTTLS" in error.message


@pytest.mark.parametrize("starttls", [True, False], ids=["starttls", "tls"])
def test_a_certificate_of_nobody_we_trust_is_refused(
    starttls: bool, certificates: Certificates, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path)
    with mail_server(certificates, starttls=starttls) as server:
        for trusted in (None, stranger.authority):
            security = "starttls" if starttls else "tls"
            error = refused(mail(server, certificates, security=security, ca_file=trusted))
            assert "its certificate is not to be trusted" in error.message
        assert server.got == []


def test_a_login_that_fails_is_not_tried_again(certificates: Certificates) -> None:
    with mail_server(certificates, password="other") as server:
        for password in (PASSWORD, "ascii-s3cret"):
            error = refused(mail(server, certificates, user="backup", password=secret(password)))
            assert error.message.startswith(f"{LOCALHOST} does not let backup in: 535")
            assert not error.transient
            assert password not in error.message


def test_a_server_that_wants_a_login_gets_none(certificates: Certificates) -> None:
    with mail_server(certificates, password="other") as server:
        error = refused(mail(server, certificates))
    assert "530" in error.message
    assert not error.transient


@pytest.mark.parametrize(
    ("answers", "transient"),
    [(("550 who", "550 who"), False), (("452 full", "452 full"), True), (("452 full", "550 who"), True)],
)
def test_recipients_that_are_all_refused(answers: tuple[str, str], transient: bool) -> None:
    with mail_server() as server:
        server.refused = dict(zip(("ops@example.org", "other@example.org"), answers, strict=True))
        error = refused(mail(server))
        assert server.got == []
    assert error.transient is transient
    assert "ops@example.org, other@example.org" in error.message
    assert answers[0][:3] in error.message


@pytest.mark.parametrize("answer", ["550 who", "452 full"])
def test_one_of_two_recipients_that_is_refused_is_told_and_the_other_not_bothered_again(answer: str) -> None:
    with mail_server() as server:
        server.refused = {"other@example.org": answer}
        error = refused(mail(server))
        (came,) = server.got
    assert came.recipients == ("ops@example.org",)
    assert not error.transient
    assert error.message.startswith(f"{LOCALHOST} took the mail, but not for other@example.org: {answer}")


@pytest.mark.parametrize(("answer", "transient"), [("451 later", True), ("554 spam", False), ("552 full", False)])
def test_a_mail_that_is_refused_whole(answer: str, transient: bool) -> None:
    with mail_server() as server:
        server.answer = answer
        error = refused(mail(server))
    assert error.message == f"{LOCALHOST} does not take the mail: {answer}"
    assert error.transient is transient


def test_a_password_of_several_lines_is_a_wrong_configuration() -> None:
    with mail_server() as server, pytest.raises(ConfigError, match="password: must be one line"):
        mail(server, user="backup", password=secret("a\r\nRCPT TO:<x@y>")).send(notice())
