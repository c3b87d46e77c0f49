"""An API that moves to another path: it is found at the new one before the old one goes, and nobody else notices."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.utils import timezone

from apis import actions
from apis.models import Api, KeyKind
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.any_database

_MOVES = 20


class Callers:
    """Keep calling an API that moves between two paths, and its neighbours; note what should not be."""

    def __init__(self, plant: Plant, key: str, paths: tuple[str, str], others: tuple[str, ...]) -> None:
        """Begin with nothing amiss."""
        self.plant, self.key, self.paths, self.others = plant, key, paths, others
        self.amiss: list[str] = []
        self.calls = 0
        self.over = threading.Event()

    def follow_the_api(self) -> None:
        """Call where it was last; once it is not there any more, it must be at the other path."""
        calling = http.client.HTTPConnection("127.0.0.1", self.plant.port, timeout=10)
        here, there = self.paths
        while not self.over.is_set():
            self.calls += 1
            if self._status(calling, here) == 200:
                continue
            if (status := self._status(calling, there)) != 200:
                self.amiss.append(f"{status} at {there} after it had left {here}")
            here, there = there, here
        calling.close()

    def call_the_others(self) -> None:
        """Call what does not move."""
        calling = http.client.HTTPConnection("127.0.0.1", self.plant.port, timeout=10)
        while not self.over.is_set():
            for path in self.others:
                self.calls += 1
                if (status := self._status(calling, path)) != 200:
                    self.amiss.append(f"{status} at {path}")
        calling.close()

    def have_made(self, calls: int) -> bool:
        """Return whether there were as many *calls*."""
        return self.calls >= calls

    def _status(self, calling: http.client.HTTPConnection, path: str) -> int:
        return self.plant.call_on(calling, f"/{path}/1", key=self.key).status

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Call while the block runs."""
        threads = [threading.Thread(target=work) for work in (self.follow_the_api, self.follow_the_api, self.call_the_others)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()


def _answers(plant: Plant, path: str, key: str) -> bool:
    return plant.call(f"/{path}/1", key=key).status == 200


def _move(api: Api, path: str) -> None:
    chosen = actions.ApiSettings(display_name=api.display_name, service_url=api.service_url, path=path)
    api.refresh_from_db()
    actions.change_api(api, chosen, by=None, now=timezone.now())


@pytest.mark.parametrize(
    ("paths", "others"),
    [
        (("one/moving", "two/moving"), ("one/a", "two/b")),
        (("two/moving", "one/moving"), ("one/a", "two/b", "two")),
        (("one", "two"), ()),
        (("one/moving", "two"), ("one",)),
        (("one/moving", ""), ("one/a", "two/b")),
    ],
)
def test_it_is_found_at_one_of_its_paths_at_every_moment(
    plant: Plant, plain: Backend, paths: tuple[str, str], others: tuple[str, ...]
) -> None:
    url = f"http://127.0.0.1:{plain.port}"
    api = make_api("moving", service_url=url, path=paths[0])
    for number, path in enumerate(others):
        make_api(f"other-{number}", service_url=url, path=path)
    key = actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    for path in (paths[0], *others):
        eventually(partial(_answers, plant, path, key))
    callers = Callers(plant, key, paths, others)
    with callers.at_work():
        for number in range(_MOVES):
            _move(api, paths[(number + 1) % 2])
            eventually(lambda: plant.applied(last_line()))
            eventually(partial(callers.have_made, callers.calls + 12))  # so that nobody misses two moves
    assert callers.calls > _MOVES
    assert callers.amiss == []
