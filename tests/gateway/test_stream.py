"""One gateway's stream over all types: make before break, changes told apart, refusals blamed on the right resource."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compile.resource import CLUSTER, FILTER, LISTENER, ROUTES, SCOPE, SECRET
from gateway.streams.stream import FILL_PATIENCE, PATIENCE, TYPES, Accepted, Applied, Key, Outcome, Refused, Request, Stream, blame


@dataclass(frozen=True)
class Thing:
    version: str


class House:
    """A stream and the gateway at its other end, which answers when the test says so."""

    def __init__(self) -> None:
        self.desired: dict[str, dict[str, Thing]] = {type_url: {} for type_url in TYPES}
        self.desired[LISTENER]["gateway"] = Thing("1")
        self.now = 0.0
        self.stream = Stream(self.desired, now=self.now)
        self.has: dict[Key, str] = {}
        self.asked: set[Key] = set()

    def send(self) -> tuple[str, str, dict[str, Thing], tuple[str, ...]] | None:
        """Return type, nonce, resources and removals of the next response."""
        if (response := self.stream.next_response(now=self.now)) is None:
            return None
        type_url, batch = response
        return type_url, batch.nonce, dict(batch.resources), batch.removed

    def answer(self, type_url: str, nonce: str, *, error: str = "") -> list[Outcome]:
        return self.stream.request(Request(type_url=type_url, nonce=nonce, error=error))

    def take(self) -> list[tuple[str, set[str], set[str]]]:
        """Play a gateway that applies and answers everything; return what came, in order."""
        came = []
        while sent := self.send():
            type_url, nonce, resources, removed = sent
            came.append((type_url, set(resources), set(removed)))
            self.has |= {(type_url, name): thing.version for name, thing in resources.items()}
            for name in removed:
                self.has.pop((type_url, name), None)
            if type_url == SCOPE:  # it asks for the routes of scopes it has not had before
                fresh = {name for name in resources if (ROUTES, name) not in self.asked}
                self.asked |= {(ROUTES, name) for name in fresh}
                if fresh:
                    self.stream.request(Request(type_url=ROUTES, subscribe=sorted(fresh)))
            self.answer(type_url, nonce)
        return came

    def connect(self) -> None:
        for type_url in (CLUSTER, LISTENER, SCOPE):
            self.stream.request(Request(type_url=type_url))
        self.take()

    def change(self, number: int, *keys: Key, version: str | None) -> None:
        for type_url, name in keys:
            if version is None:
                self.desired[type_url].pop(name, None)
            else:
                self.desired[type_url][name] = Thing(version)
        self.stream.touch(number, keys, now=self.now)


@pytest.fixture
def house() -> House:
    house = House()
    house.connect()
    assert house.stream.filled
    return house


NEW_API: tuple[Key, ...] = ((CLUSTER, "api-1"), (SCOPE, "orders"), (ROUTES, "orders"))


def test_a_new_api_gets_its_cluster_before_its_scope_and_routes(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    sent = house.send()
    assert sent is not None
    assert (sent[0], set(sent[2])) == (CLUSTER, {"api-1"})
    assert house.send() is None  # until the cluster is answered for
    house.answer(CLUSTER, sent[1])
    assert [type_url for type_url, _, _ in house.take()] == [SCOPE, ROUTES]


def test_a_deleted_api_loses_its_scope_before_its_cluster(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    house.take()
    house.change(2, *NEW_API, version=None)
    sent = house.send()
    assert sent is not None
    assert (sent[0], sent[3]) == (SCOPE, ("orders",))
    routes = house.send()
    assert routes is not None
    assert (routes[0], routes[3]) == (ROUTES, ("orders",))
    assert house.send() is None
    house.answer(SCOPE, sent[1])
    house.answer(ROUTES, routes[1])
    assert house.take() == [(CLUSTER, set(), {"api-1"})]


def test_what_an_api_has_left_goes_once_the_gateway_has_where_it_is_now(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    house.take()
    left, now = {(SCOPE, "orders"), (ROUTES, "orders")}, ((SCOPE, "sales"), (ROUTES, "sales"))
    for type_url, name in left:
        del house.desired[type_url][name]
    house.desired[SCOPE]["sales"] = house.desired[ROUTES]["sales"] = Thing("2")
    house.stream.touch(2, {*left, *now}, now=house.now, left=left)
    came = [(type_url, *resources, *removed) for type_url, resources, removed in house.take()]
    assert came[:2] == [(SCOPE, "sales"), (ROUTES, "sales")]
    assert set(came[2:]) == left
    assert house.stream.oldest_open is None


def test_what_an_api_has_left_does_not_wait_for_ever(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    house.take()
    house.desired[ROUTES]["orders"], house.desired[ROUTES]["sales"] = Thing("2"), Thing("2")
    house.desired[SCOPE]["sales"] = Thing("2")
    house.stream.touch(2, {(SCOPE, "sales"), (ROUTES, "orders")}, now=house.now, left={(ROUTES, "orders")})
    assert house.send() is not None
    assert house.send() is None
    house.now += PATIENCE
    sent = house.send()
    assert sent is not None
    assert (sent[0], set(sent[2])) == (ROUTES, {"orders"})


def test_a_change_is_live_once_everything_it_touches_is_answered_for(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), version="1")
    house.change(2, (CLUSTER, "api-2"), version="1")
    sent = house.send()
    assert sent is not None
    assert set(sent[2]) == {"api-1", "api-2"}  # together
    house.change(3, (CLUSTER, "api-2"), version="2")
    assert house.stream.oldest_open == 1
    assert house.answer(CLUSTER, sent[1]) == [Applied(1), Applied(2)]
    assert house.stream.oldest_open == 3


def test_a_change_that_touches_nothing_new_is_live_at_once(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), version="1")
    house.take()
    house.change(2, (CLUSTER, "api-1"), version="1")
    assert house.stream.settled() == [Applied(2)]
    assert house.send() is None


def test_one_change_does_not_wait_for_the_clusters_of_another(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    house.take()
    house.change(2, (CLUSTER, "api-2"), version="1")
    assert house.send() is not None  # not answered for yet
    house.change(3, (ROUTES, "orders"), version="2")
    sent = house.send()
    assert sent is not None
    assert (sent[0], set(sent[2])) == (ROUTES, {"orders"})


def test_a_step_waits_for_a_slow_one_only_so_long(house: House) -> None:
    house.change(1, *NEW_API, version="1")
    assert house.send() is not None
    assert house.send() is None
    house.now += PATIENCE + 0.1
    sent = house.send()
    assert sent is not None
    assert sent[0] == SCOPE


def test_a_secret_that_its_cluster_asks_for_belongs_to_the_change(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), (SECRET, "basic-1"), version="1")
    sent = house.send()
    assert sent is not None
    house.stream.request(Request(type_url=SECRET, subscribe=["basic-1"]))
    assert house.answer(CLUSTER, sent[1]) == []
    secret = house.send()
    assert secret is not None
    assert house.answer(SECRET, secret[1]) == [Applied(1)]


def test_a_secret_that_nobody_asks_for_holds_nothing_up(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), (SECRET, "basic-1"), version="1")
    sent = house.send()
    assert sent is not None
    assert house.answer(CLUSTER, sent[1]) == [Applied(1)]


def test_keys_wait_for_nothing(house: House) -> None:
    house.stream.request(Request(type_url=FILTER, subscribe=["keys-00"]))
    house.take()
    house.change(1, (CLUSTER, "api-1"), version="1")
    assert house.send() is not None
    house.change(2, (FILTER, "keys-00"), version="2")
    sent = house.send()
    assert sent is not None
    assert sent[0] == FILTER


def test_a_refused_cluster_is_blamed_and_withdrawn_and_the_others_are_live(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), (CLUSTER, "api-10"), version="1")
    house.take()
    house.change(2, (CLUSTER, "api-1"), (CLUSTER, "api-10"), version="2")
    sent = house.send()
    assert sent is not None
    outcomes = house.answer(CLUSTER, sent[1], error="Error adding/updating cluster(s) api-10: bad key: no, really")
    assert outcomes == [Refused((CLUSTER, "api-10"), "2", "bad key: no, really", frozenset({2})), Applied(2)]
    assert house.take() == [(CLUSTER, set(), {"api-10"})]
    assert house.stream.refused == {(CLUSTER, "api-10")}
    house.change(3, (CLUSTER, "api-10"), version="3")
    sent = house.send()
    assert sent is not None
    assert Accepted((CLUSTER, "api-10")) in house.answer(CLUSTER, sent[1])


def test_where_nobody_is_blamed_the_culprit_is_found_one_by_one(house: House) -> None:
    house.change(1, (CLUSTER, "api-1"), (CLUSTER, "api-2"), version="1")
    sent = house.send()
    assert sent is not None
    assert house.answer(CLUSTER, sent[1], error="Proto constraint validation failed") == []
    outcomes: list[Outcome] = []
    while sent := house.send():
        outcomes += house.answer(CLUSTER, sent[1], error="bad" if "api-2" in sent[2] else "")
    assert [one.key for one in outcomes if isinstance(one, Refused)] == [(CLUSTER, "api-2")]
    assert Applied(1) in outcomes


def test_a_gateway_that_comes_back_keeps_clusters_until_it_has_asked_for_routes(house: House) -> None:
    stream = Stream(house.desired, now=0.0)
    stream.request(Request(type_url=CLUSTER, initial={"gone": "1"}))
    assert stream.next_response(now=0.0) is None
    stream.request(Request(type_url=LISTENER, initial={"gateway": "1"}))
    stream.request(Request(type_url=SCOPE, initial={"gone": "1"}))
    response = stream.next_response(now=0.0)
    assert response is not None
    assert response[0] == SCOPE
    stream.request(Request(type_url=SCOPE, nonce=response[1].nonce))
    response = stream.next_response(now=0.0)
    assert response is not None
    assert (response[0], response[1].removed) == (CLUSTER, ("gone",))
    assert FILL_PATIENCE > PATIENCE


def test_a_type_that_nobody_knows_is_answered_too(house: House) -> None:
    house.stream.request(Request(type_url="type.googleapis.com/envoy.service.runtime.v3.Runtime", subscribe=["runtime"]))
    sent = house.send()
    assert sent is not None
    assert sent[3] == ("runtime",)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        ("Error adding/updating cluster(s) api-1: bad, api-2: worse: much, really", {"api-1": "bad", "api-2": "worse: much, really"}),
        ("Error adding/updating cluster(s) api-12: bad", {"api-12": "bad"}),
        ("Error adding/updating listener(s) gateway: no port", {"gateway": "no port"}),
        ("Something else about api-1: bad", {}),
        ("Error adding/updating cluster(s) api-1: bad, api-2: wo...(truncated)", {"api-1": "bad"}),
        ("Error adding/updating cluster(s) api-1: a very long re...(truncated)", {"api-1": "a very long re...(truncated)"}),
    ],
)
def test_envoys_words_are_understood(error: str, blamed: dict[str, str]) -> None:
    assert blame(error, ["api-1", "api-2", "api-12", "gateway"]) == blamed


_KEYS = [(CLUSTER, "api-1"), (CLUSTER, "api-2"), (SCOPE, "orders"), (ROUTES, "orders"), (SCOPE, "sales"), (ROUTES, "sales")]


@given(st.lists(st.tuples(st.lists(st.sampled_from(_KEYS), min_size=1), st.sampled_from(["1", "2", None]), st.booleans()), max_size=30))
def test_in_the_end_every_change_is_live_and_the_gateway_has_what_it_should(changes: list[tuple[list[Key], str | None, bool]]) -> None:
    house = House()
    house.connect()
    for number, (keys, version, answers) in enumerate(changes, start=1):
        # A scope and its routes come and go together.
        both = {key for type_url, name in keys for key in ([(SCOPE, name), (ROUTES, name)] if type_url != CLUSTER else [(type_url, name)])}
        house.change(number, *sorted(both), version=version)
        if answers:
            house.take()
    house.take()
    house.stream.settled()
    assert house.stream.oldest_open is None
    assert not house.stream.waiting
    asked = {key for key in house.asked if key[1] in house.desired[ROUTES]}
    wanted = {(type_url, name): thing.version for type_url in (CLUSTER, SCOPE) for name, thing in house.desired[type_url].items()}
    wanted |= {key: house.desired[ROUTES][key[1]].version for key in asked}
    assert {key: version for key, version in house.has.items() if key[0] != LISTENER} == wanted


class Certificate:
    """A house in which clusters have fallbacks, and a gateway that refuses what it is told to."""

    def __init__(self, house: House, *fallbacks: str) -> None:
        self.house = house
        self.stream = Stream(house.desired, now=0.0, fallbacks=lambda key: [Thing(one) for one in fallbacks] if key[0] == CLUSTER else [])
        house.stream = self.stream
        house.connect()

    def play(self, *, refuses: set[str]) -> tuple[list[str], list[Outcome]]:
        """Answer until nothing more comes; return the versions of clusters that came (``-``: removed) and what it amounted to."""
        came: list[str] = []
        outcomes: list[Outcome] = []
        while sent := self.house.send():
            type_url, nonce, resources, removed = sent
            if type_url == CLUSTER:
                came += [thing.version for thing in resources.values()] + ["-" for _ in removed]
            bad = [name for name, thing in resources.items() if thing.version in refuses]
            error = "Error adding/updating cluster(s) " + ", ".join(f"{name}: bad {resources[name].version}" for name in bad)
            outcomes += self.house.answer(type_url, nonce, error=error if bad else "")
        return came, outcomes


API = (CLUSTER, "api-1")


def test_the_version_before_stands_in_for_a_refused_one_and_the_refusal_says_so() -> None:
    one = Certificate(House(), "2", "1")
    one.house.change(7, API, version="3")
    came, outcomes = one.play(refuses={"3"})
    assert came == ["3", "2"]
    assert outcomes == [Refused(API, "3", "bad 3", frozenset({7}), instead="2"), Applied(7)]
    assert one.stream.refused == {API}


def test_of_several_refused_ones_the_first_that_is_taken_stands_in_and_the_first_reason_is_told() -> None:
    one = Certificate(House(), "2", "1")
    one.house.change(7, API, version="3")
    came, outcomes = one.play(refuses={"3", "2"})
    assert came == ["3", "2", "1"]
    assert outcomes == [Refused(API, "3", "bad 3", frozenset({7}), instead="1"), Applied(7)]


def test_where_all_are_refused_the_cluster_is_withdrawn() -> None:
    one = Certificate(House(), "2", "1")
    one.house.change(7, API, version="3")
    came, outcomes = one.play(refuses={"3", "2", "1"})
    assert came == ["3", "2", "1", "-"]
    assert outcomes == [Refused(API, "3", "bad 3", frozenset({7})), Applied(7)]


def test_rolled_back_to_what_stands_in_nothing_is_refused_any_more() -> None:
    one = Certificate(House(), "2")
    one.house.change(7, API, version="3")
    one.play(refuses={"3"})
    one.house.change(8, API, version="2")
    assert one.play(refuses={"3"}) == (["2"], [Accepted(API), Applied(8)])
    assert not one.stream.refused


def test_a_better_version_replaces_what_stands_in() -> None:
    one = Certificate(House(), "2")
    one.house.change(7, API, version="3")
    one.play(refuses={"3"})
    one.house.change(8, API, version="4")
    assert one.play(refuses={"3"}) == (["4"], [Accepted(API), Applied(8)])


def test_what_stands_in_makes_way_for_something_newer_that_is_due_already() -> None:
    one = Certificate(House(), "2")
    one.house.change(7, API, version="3")
    sent = one.house.send()
    assert sent is not None
    one.house.change(8, API, version="4")
    assert one.house.answer(CLUSTER, sent[1], error="Error adding/updating cluster(s) api-1: bad 3") == []
    assert one.play(refuses={"3"}) == (["4"], [Accepted(API), Applied(7), Applied(8)])


def test_an_api_that_is_deleted_while_something_stands_in_is_gone() -> None:
    one = Certificate(House(), "2")
    one.house.change(7, API, version="3")
    one.play(refuses={"3"})
    one.house.change(8, API, version=None)
    assert one.play(refuses={"3"}) == (["-"], [Accepted(API), Applied(8)])


def test_a_newcomers_routes_wait_for_what_stands_in() -> None:
    house = House()
    for key in NEW_API:
        house.desired[key[0]][key[1]] = Thing("3")
    house.stream = Stream(house.desired, now=0.0, fallbacks=lambda key: [Thing("2")] if key[0] == CLUSTER else [])
    for type_url in (CLUSTER, LISTENER, SCOPE):
        house.stream.request(Request(type_url=type_url))
    order = []
    while sent := house.send():
        type_url, nonce, resources, _ = sent
        order += [(type_url, thing.version) for thing in resources.values() if type_url != LISTENER]
        refused = "Error adding/updating cluster(s) api-1: bad" if type_url == CLUSTER and resources["api-1"].version == "3" else ""
        house.answer(type_url, nonce, error=refused)
    assert order == [(CLUSTER, "3"), (CLUSTER, "2"), (SCOPE, "3")]


def test_whom_a_cut_off_error_does_not_name_is_sent_again() -> None:
    one = Certificate(House(), "2")
    keys = [(CLUSTER, f"api-{number}") for number in range(9)]
    one.house.change(7, *keys, version="3")
    outcomes: list[Outcome] = []
    for _ in range(30):
        if (sent := one.house.send()) is None:
            break
        bad = sorted(name for name, thing in sent[2].items() if thing.version == "3" and name != "api-4")
        error = "Error adding/updating cluster(s) " + ", ".join(f"{name}: bad" for name in bad[:3])
        outcomes += one.house.answer(CLUSTER, sent[1], error=f"{error}, api-9...(truncated)" if len(bad) > 3 else error if bad else "")
    assert {one.key: one.instead for one in outcomes if isinstance(one, Refused)} == {key: "2" for key in keys if key[1] != "api-4"}
    assert outcomes[-1] == Applied(7)
    assert not one.stream.waiting


def test_where_nobody_is_blamed_what_stands_in_is_sent_alone_too() -> None:
    one = Certificate(House(), "2")
    one.house.change(7, API, (CLUSTER, "api-2"), version="3")
    came = []
    for _ in range(20):
        if (sent := one.house.send()) is None:
            break
        came.append({name: thing.version for name, thing in sent[2].items()})
        one.house.answer(
            CLUSTER, sent[1], error="Proto constraint validation failed" if "api-2" in sent[2] or "3" in came[-1].values() else ""
        )
    assert {"api-1": "2"} in came
    assert len(came) < 20


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "3", "4", None]), st.booleans()), max_size=20), st.sets(st.sampled_from("1234")))
def test_in_the_end_the_gateway_has_the_first_it_does_not_refuse(changes: list[tuple[str | None, bool]], refuses: set[str]) -> None:
    one = Certificate(House(), "2", "1")
    for number, (version, answers) in enumerate(changes, start=1):
        one.house.change(number, API, version=version)
        if answers:
            one.play(refuses=refuses)
    came, _ = one.play(refuses=refuses)
    one.stream.settled()
    assert one.stream.oldest_open is None
    assert not one.stream.waiting
    if changes and changes[-1][0] and came:
        candidates = [version for version in (changes[-1][0], "2", "1") if version not in refuses]
        assert came[-1] == (candidates[0] if candidates else "-")
