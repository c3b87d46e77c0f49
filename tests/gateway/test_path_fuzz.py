"""No spelling of a path reaches what the operations do not let through, whatever a back end makes of it.

Thousands of spellings, made from what has walked around gateways before, go through a real Envoy to four real servers. Each resource
that a server would serve must be one that an operation matches. A parameter may hold slashes that came encoded.
``PATH_SPELLINGS`` says how many; ``PATH_SEED`` gives other ones.
"""

from __future__ import annotations

import http.client
import os
import posixpath
import random
import re
import socket
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.gateway.gateways import Answer, Gateway, open_to_all, policy
from tests.gateway.path_servers import PathServer, start_all

SPELLINGS = int(os.environ.get("PATH_SPELLINGS", "10000"))
SEED = int(os.environ.get("PATH_SEED", "9"))
TEMPLATES = (
    "/public/*",
    "/items/{id}",
    "/items/{id}/parts/{part}",
    "/files/{name}.json",
    "/Orders({key})",
    "/v{n}",
    "/{a}-{b}/x",
    "/exact",
)
_ALLOWED = re.compile(
    r"/public(/.*)?|/items/.+|/items/.+/parts/.+|/files/.+\.json|/Orders\(.+\)|/v.+|/.+-.+/x|/exact", re.DOTALL
)  # the templates, as a back end reads them
_WORDS = ("public", "items", "items/1", "items/1/parts/2", "files/a.json", "Orders(1)", "v1", "a-b/x", "exact", "secret", "admin", "x", "")
_GOOD = tuple("/" + word for word in (*_WORDS[1:9], "public/a/b", "public", "items/group%2Fname", "files/a-b_c.json"))
_SLASHES = (
    "/",
    "/",
    "/",
    "//",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "%252f",
    "%c0%af",
    "%ef%bc%8f",
    "/./",
    "/../",
    "/;/",
    ";/",
    "/;x/",
    "%2f%2f",
    "/%2e/",
)
_DOTS = (".", "..", "%2e", "%2E%2e", ".%2e", "%252e%252e", "%25%32%65.", "%c0%ae%c0%ae", "%ef%bc%8e.", "%u002e%u002e", "...", "%2%65.")
_TAILS = (
    "",
    "",
    "",
    ";",
    ";a=1",
    "%3b",
    "%3Bx",
    ";..",
    "%20",
    "%09",
    "%00",
    ".",
    "%2e",
    "%2f",
    "%5c",
    ".json",
    "-b",
    ")",
    "%",
    "~",
    "%0a",
    ";.json",
    "%3b)",
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PathServer]]:
    folder = tmp_path_factory.mktemp("servers")
    for place in (folder, *folder.parents[:3]):
        place.chmod(0o755)  # Apache's workers are another user
    running = start_all(folder)
    yield running
    for server in running:
        server.stop()


def spelling(chance: random.Random) -> str:
    """Return a path that somebody might try: one that is allowed, changed in up to four places, or one made from pieces."""
    if chance.random() < 0.25:
        pieces = (chance.choice(kind) for _ in range(chance.randint(1, 3)) for kind in (_SLASHES, _WORDS + _DOTS, _TAILS))
        return "/" + "".join(pieces).removeprefix("/")
    path = chance.choice(_GOOD)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(1, len(path) + 1)
        what = chance.choice(("slash", "dots", "tail", "tail", "word", "encode", "cut"))
        if what == "encode" and place < len(path):
            path = path[:place] + f"%{ord(path[place]):02x}" + path[place + 1 :]
        elif what == "cut":
            path = path[:place] + path[place + 1 :]
        else:
            path = path[:place] + chance.choice({"slash": _SLASHES, "dots": _DOTS, "word": _WORDS}.get(what, _TAILS)) + path[place:]
    return path


def readings(path: str) -> Iterator[str]:
    """Yield what back ends that are less careful still might make of a path: parameters away or not, decoded once or more."""
    for parameters in (True, False):
        for slashes in ("/", "/\\"):
            text = path
            for _ in range(3):
                text = re.sub(r";[^/]*", "", text) if not parameters else text
                text = urllib.parse.unquote(text, "latin-1")
                read = text.replace("\\", "/") if "\\" in slashes else text
                yield re.sub(r";[^/]*", "", read) if not parameters else read


def allowed(resource: str) -> bool:
    """Tell whether an operation lets *resource* through, once slashes are merged and dot segments resolved as a file system does."""
    tidy = posixpath.normpath(re.sub("/+", "/", resource)) + ("/" if resource.endswith("/") else "")
    return _ALLOWED.fullmatch(re.sub("/+", "/", tidy)) is not None


class Caller:
    """Calls the gateway over one connection, byte for byte."""

    def __init__(self, port: int) -> None:
        """Remember where; the connection is opened by the first call and after each that ended it."""
        self._port = port
        self._stream: socket.socket | None = None

    def get(self, target: str) -> Answer:
        """Return what is answered."""
        if self._stream is None:
            self._stream = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._stream.sendall(f"GET {target} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode("latin-1"))
        response = http.client.HTTPResponse(self._stream, method="GET")
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(status=response.status, headers=headers, body=response.read())
        response.close()
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._stream:
            self._stream.close()
        self._stream = None


def is_the_gateways_own(answer: Answer) -> bool:
    return answer.body.startswith(b'{ "statusCode": ')


def test_no_spelling_reaches_what_the_operations_do_not_let_through(
    gateway: Gateway, servers: list[PathServer], new_api: Callable[[], int]
) -> None:
    apis = [
        open_to_all(
            policy(new_api(), server.name, port=server.port, scheme="http", presents=False, operations=[("GET", one) for one in TEMPLATES])
        )
        for server in servers
    ]
    for api in apis:
        assert not gateway.publish(api)
    chance = random.Random(SEED)  # noqa: S311 - the same spellings each time
    caller = Caller(gateway.port)
    reached: Counter[str] = Counter()
    differences = []
    for path in (spelling(chance) for _ in range(SPELLINGS)):
        for server in servers:
            answer = caller.get(f"/{server.name}{path}")
            if is_the_gateways_own(answer):
                assert answer.status in {400, 404}, (path, answer)
                break  # the others are told the same
            resource = server.resource(answer)
            reached[server.name] += resource is not None
            differences += [(server.name, path, resource)] if resource is not None and not allowed(resource) else []
        else:
            differences += [("a careless one", path, resource) for resource in readings(path) if not allowed(resource)]
    caller.close()
    for api in apis:
        gateway.withdraw(api)
    assert not differences, differences[:20]
    assert all(reached[server.name] > SPELLINGS // 50 for server in servers), reached
