"""Many sign-ins at once cost little memory and hold nobody else up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import requests

from tests.whole.pages import Pages

CROWD = 60
LONGEST = 5.0  # seconds; whoever waits for all sign-ins waits several times as long
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with Pages(tmp_path_factory.mktemp("pages") / "home", PORTAL_BEHIND_TLS_PROXY="1") as pages:
        yield pages


def attempts(pages: Pages) -> tuple[list[requests.Response], list[float]]:
    """Let many send the sign-in form at the same moment, each from an address of their own; return the answers and how long pages took."""
    answers: list[requests.Response] = []
    together = threading.Barrier(CROWD)
    token = 32 * "a"

    def attempt(number: int) -> None:
        headers = {"Cookie": f"__Host-csrftoken={token}", "X-Forwarded-For": f"192.0.2.{number}"}
        fields = {"csrfmiddlewaretoken": token, "username": f"somebody-{number}", "password": "a wrong password"}
        together.wait()
        answers.append(requests.post(f"{pages.url}/accounts/login/", data=fields, headers=headers, timeout=60))

    crowd = [threading.Thread(target=attempt, args=(number,)) for number in range(CROWD)]
    for one in crowd:
        one.start()
    took = []
    while any(one.is_alive() for one in crowd):
        took.append(pages.wait_for())
        time.sleep(0.02)
    for one in crowd:
        one.join()
    return answers, took


def test_sixty_at_once_cost_little_memory_and_other_pages_answer(pages: Pages) -> None:
    before = pages.memory()
    answers, took = attempts(pages)
    assert pages.memory() - before < 300 * MEBIBYTE
    assert max(took) < LONGEST
    assert len(answers) == CROWD
    for answer in answers:
        assert answer.status_code in {requests.codes.unprocessable, requests.codes.too_many_requests}
        assert answer.status_code == requests.codes.unprocessable or int(answer.headers["Retry-After"]) > 0
