"""What is said of the advisories that a feed tells of, or of a feed that cannot be reached."""

from __future__ import annotations

import socket

import pytest

from supply.advisories import judge, main

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
NOT_ASKED = {"name": "idna", "skip_reason": "Dependency not found"}
NAMED = {"name": "urllib3", "version": "2.8.0", "vulns": [{"id": "CVE-2027-1", "fix_versions": ["2.8.1"]}]}


@pytest.mark.parametrize(
    ("checked", "status", "said"),
    [
        ([SOUND], 0, "No advisory names a version that is locked."),
        ([SOUND, NAMED, NOT_ASKED], 1, "urllib3 2.8.0: CVE-2027-1, mended in 2.8.1"),
        ([SOUND, NOT_ASKED], 2, "Advisories were not checked for idna; none names the others."),
        ([NOT_ASKED], 2, "Advisories were not checked: the index that is reached from here has no feed of them."),
    ],
)
def test_each_report_is_one_sentence(capsys: pytest.CaptureFixture[str], checked: list[dict[str, object]], status: int, said: str) -> None:
    assert judge(checked) == status
    assert capsys.readouterr().out == said + "\n"


def test_a_feed_that_cannot_be_reached_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    status = main(["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{port}/v1/query"])
    assert (status, capsys.readouterr().out) == (2, "Advisories were not checked: 127.0.0.1 cannot be reached from here.\n")
