"""Lines go on to syslog or standard output: each at least once, in order, without holding a change up."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone
from pytest_django.fixtures import Settings

from kit.issuing import issue
from portal.activity.forwarding import LogKeeper
from portal.activity.receivers import Unknown, receiver_of
from portal.models import Activity, ActivityForwarding, Event
from tests.makers import make_lines
from tests.portal.activity import syslog

_FORM = re.compile(rb"<(\d+)>1 (\S+) (\S+) publisher-portal - (\S+) - (\{.*\})\Z")


def position() -> int:
    return ActivityForwarding.objects.get().line


def numbers(messages: list[bytes]) -> list[int]:
    found = [_FORM.match(message) for message in messages]
    return [json.loads(match[5])["line"] for match in found if match]


def _step() -> None:
    """Forward once, in a process that then ends."""
    with contextlib.closing(LogKeeper()) as keeper:
        keeper.step()


@pytest.fixture
def keepers() -> Iterator[Callable[[], LogKeeper]]:
    """Return a maker of processes that forward; they hang up at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(LogKeeper()))


@pytest.mark.django_db
def test_a_syslog_server_gets_each_line_as_json(settings: Settings, keepers: Callable[[], LogKeeper]) -> None:
    with syslog.by_tcp() as receiver:
        settings.ACTIVITY_FORWARD = f"syslog://127.0.0.1:{receiver.port}"
        make_lines(3, subject_name="é\n")
        make_lines(1, event=Event.SIGN_IN_FAILED)
        keeper = keepers()
        keeper.step()
        messages = receiver.wait_for(4)
        assert numbers(messages) == [1, 2, 3, 4]
        matches = [_FORM.match(message) for message in messages]
        assert [match[1] for match in matches if match] == [b"109", b"109", b"109", b"108"]  # log audit; a failure is a warning
        assert [match[4] for match in matches if match] == [b"api.changed"] * 3 + [b"sign-in.failed"]
        assert position() == 4
        keeper.step()
        make_lines(1)
        keeper.step()
        assert numbers(receiver.wait_for(5)) == [1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_a_server_that_speaks_tls_is_checked(settings: Settings, tmp_path: Path) -> None:
    authority, stranger = issue("authority", authority=True), issue("stranger", authority=True)
    server = issue("localhost", by=authority, hosts=("localhost",))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pem = tmp_path / "server.pem"
    pem.write_text(server.pem + server.key_pem)
    context.load_cert_chain(pem)
    trusted = tmp_path / "authority.pem"
    with syslog.by_tcp(tls=context) as receiver:
        settings.ACTIVITY_FORWARD = f"syslog+tls://localhost:{receiver.port}"
        settings.ACTIVITY_FORWARD_CA = str(trusted)
        make_lines(2)
        trusted.write_text(stranger.pem)
        with pytest.raises(ssl.SSLCertVerificationError):
            _step()
        assert position() == 0
        ActivityForwarding.objects.update(held_until=None)
        trusted.write_text(authority.pem)
        _step()
        assert numbers(receiver.wait_for(2)) == [1, 2]


@pytest.mark.django_db
def test_a_socket_of_this_machine_gets_datagrams(settings: Settings, tmp_path: Path) -> None:
    with syslog.datagrams(tmp_path / "log") as arrived:
        settings.ACTIVITY_FORWARD = f"syslog+unix://{tmp_path / 'log'}"
        make_lines(2)
        _step()
        syslog.until(lambda: len(arrived) == 2)
        assert numbers(arrived) == [1, 2]


@pytest.mark.django_db
def test_standard_output_gets_json_alone(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ACTIVITY_FORWARD = "stdout"
    make_lines(2)
    _step()
    assert [json.loads(line)["line"] for line in capsys.readouterr().out.splitlines()] == [1, 2]


@pytest.mark.django_db
def test_what_a_broken_connection_may_have_lost_goes_again(settings: Settings, keepers: Callable[[], LogKeeper]) -> None:
    with syslog.by_tcp() as receiver:
        settings.ACTIVITY_FORWARD = f"syslog://127.0.0.1:{receiver.port}"
        keeper = keepers()
        receiver.hang_up_after = 2
        make_lines(2)
        with contextlib.suppress(OSError):
            keeper.step()
        receiver.wait_for(2)
        make_lines(2)
        receiver.hang_up_after = 0
        for _ in range(3):
            with contextlib.suppress(OSError):
                keeper.step()
        syslog.until(lambda: set(numbers(receiver.messages)) == {1, 2, 3, 4})
        assert position() == 4


@pytest.mark.django_db
def test_lines_wait_for_a_server_that_is_away(settings: Settings, keepers: Callable[[], LogKeeper]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.ACTIVITY_FORWARD = f"syslog://127.0.0.1:{port}"
    make_lines(3)
    keeper = keepers()
    with pytest.raises(OSError, match="refused"):
        keeper.step()
    make_lines(1)
    assert position() == 0
    with syslog.Receiver(socket.create_server(("127.0.0.1", port))) as receiver:
        keeper.step()
        assert numbers(receiver.wait_for(4)) == [1, 2, 3, 4]


@pytest.mark.django_db
def test_of_several_processes_one_forwards(settings: Settings, keepers: Callable[[], LogKeeper]) -> None:
    with syslog.by_tcp() as receiver:
        settings.ACTIVITY_FORWARD = f"syslog://127.0.0.1:{receiver.port}"
        first, second = keepers(), keepers()
        make_lines(1)
        first.step()
        make_lines(1)
        second.step()
        assert position() == 1
        ActivityForwarding.objects.update(held_until=timezone.now() - timedelta(seconds=1))  # the first has died
        second.step()
        assert numbers(receiver.wait_for(2)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_the_thread_forwards_while_changes_are_made(settings: Settings) -> None:
    with syslog.by_tcp() as receiver:
        settings.ACTIVITY_FORWARD = f"syslog://127.0.0.1:{receiver.port}"
        stop = threading.Event()
        thread = threading.Thread(target=LogKeeper().run, args=[stop])
        thread.start()
        for _ in range(5):
            make_lines(100)
        receiver.wait_for(500)
        stop.set()
        thread.join(20)
        assert sorted(set(numbers(receiver.messages))) == list(Activity.objects.order_by("id").values_list("id", flat=True))


@pytest.mark.parametrize(
    "text", ["syslog", "syslog://", "udp://host", "syslog+unix://host/x", "syslog://host:0x", "syslog://host:70000", "/dev/log"]
)
def test_what_is_no_place_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(Unknown, match="PORTAL_ACTIVITY_FORWARD"):
        receiver_of(text)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ACTIVITY_FORWARD", "syslog", "must be stdout, syslog://host:514"),
        ("ACTIVITY_FORWARD_CA", "/nowhere.pem", "names /nowhere.pem, which is no file"),
        ("ACTIVITY_KEEP_DAYS", -1, "must be a number of days"),
    ],
)
@pytest.mark.django_db
def test_settings_that_make_no_sense_are_refused_at_the_start(settings: Settings, name: str, value: str | int, words: str) -> None:
    setattr(settings, name, value)
    with pytest.raises(SystemCheckError, match=words):
        call_command("check", databases=["default"])
