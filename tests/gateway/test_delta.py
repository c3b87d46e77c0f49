"""One type on one delta stream."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.streams.delta import FILL, Batch, Due, TypeState


@dataclass(frozen=True)
class Thing:
    version: str


def _always(_due: Due[Thing]) -> bool:
    return True


def _send(state: TypeState[Thing], nonce: str = "1", *, most: int = 100) -> Batch[Thing] | None:
    return state.next_batch(nonce, may_go=_always, most=most)


def test_a_newcomer_that_names_nothing_gets_everything() -> None:
    state = TypeState({"a": Thing("1"), "b": Thing("1")})
    state.subscribe([])
    batch = _send(state)
    assert batch is not None
    assert set(batch.resources) == {"a", "b"}
    assert _send(state, "2") is None
    assert state.open_changes[FILL] == 2
    state.answered("1")
    assert not state.open_changes


def test_a_newcomer_to_an_empty_house_is_answered_once() -> None:
    state: TypeState[Thing] = TypeState({})
    state.subscribe([])
    batch = _send(state)
    assert batch is not None
    assert (batch.resources, batch.removed) == ({}, ())
    assert _send(state, "2") is None


def test_a_gateway_that_comes_back_gets_only_what_changed_and_loses_what_is_gone() -> None:
    state = TypeState({"same": Thing("1"), "new": Thing("2")})
    state.subscribe([], initial={"same": "1", "new": "1", "gone": "1"})
    batch = _send(state)
    assert batch is not None
    assert set(batch.resources) == {"new"}
    assert batch.removed == ("gone",)


def test_a_gateway_that_comes_back_and_lacks_nothing_gets_nothing() -> None:
    state = TypeState({"same": Thing("1")})
    state.subscribe([], initial={"same": "1"})
    assert _send(state) is None


def test_what_does_not_exist_is_answered_as_removed() -> None:
    state: TypeState[Thing] = TypeState({})
    state.subscribe(["a"])
    batch = _send(state)
    assert batch is not None
    assert batch.removed == ("a",)


def test_asking_again_means_it_was_lost() -> None:
    state = TypeState({"a": Thing("1")})
    state.subscribe(["a"])
    assert _send(state)
    state.subscribe(["a"])
    batch = _send(state, "2")
    assert batch is not None
    assert set(batch.resources) == {"a"}


def test_changes_made_before_the_send_go_out_once_and_close_together() -> None:
    desired = {"a": Thing("1")}
    state = TypeState(desired)
    state.subscribe([], initial={"a": "1"})
    desired["a"] = Thing("2")
    state.touch("a", 1)
    desired["a"] = Thing("3")
    state.touch("a", 2)
    batch = _send(state)
    assert batch is not None
    assert batch.resources["a"].version == "3"
    assert set(state.open_changes) == {1, 2}
    state.answered("1")
    assert not state.open_changes


def test_a_change_that_is_undone_on_the_way_waits_for_what_is_on_the_way() -> None:
    desired = {"a": Thing("2")}
    state = TypeState(desired)
    state.subscribe([], initial={"a": "1"})
    _send(state)
    state.touch("a", 5)  # the same content again
    assert _send(state, "2") is None
    assert state.open_changes[5] == 1
    state.answered("1")
    assert not state.open_changes


def test_a_change_of_something_awaited_is_open_until_it_is_asked_for_and_applied() -> None:
    desired = {"a": Thing("1")}
    state = TypeState(desired, awaited=True)
    state.touch("a", 1)
    assert state.open_changes[1] == 1
    state.subscribe(["a"])
    assert _send(state)
    state.answered("1")
    assert not state.open_changes


def test_a_refused_group_goes_out_one_by_one() -> None:
    state = TypeState({"a": Thing("1"), "b": Thing("1")})
    state.subscribe([])
    _send(state)
    state.send_alone(state.answered("1"))
    first, second = _send(state, "2"), _send(state, "3")
    assert first is not None
    assert second is not None
    assert [len(first.resources), len(second.resources)] == [1, 1]


_NAMES = st.sampled_from(["a", "b", "c"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), _NAMES, st.sampled_from(["1", "2", "3"])),
        st.tuples(st.just("remove"), _NAMES, st.just("")),
        st.tuples(st.just("subscribe"), _NAMES, st.just("")),
        st.tuples(st.just("unsubscribe"), _NAMES, st.just("")),
        st.tuples(st.just("send"), st.just(""), st.just("")),
        st.tuples(st.just("answer"), st.just(""), st.just("")),
        st.tuples(st.just("reconnect"), st.just(""), st.just("")),
    ),
    max_size=40,
)


class _Gateway:
    """A gateway as far as one type goes: it applies what it reads in order and answers later."""

    def __init__(self, desired: dict[str, Thing], *, wildcard: bool) -> None:
        self.desired, self.wildcard = desired, wildcard
        self.has: dict[str, str] = {}
        self.names: set[str] = set()
        self.nonce = 0
        self.connect()

    def connect(self) -> None:
        self.state = TypeState(self.desired, awaited=not self.wildcard)
        self.unanswered: list[str] = []
        self.state.subscribe([] if self.wildcard else sorted(self.names), initial=self.has)

    def step(self, what: str, name: str, version: str, change: int) -> None:
        match what:
            case "set":
                self.desired[name] = Thing(version)
                self.state.touch(name, change)
            case "remove":
                self.desired.pop(name, None)
                self.state.touch(name, change)
            case "subscribe" if not self.wildcard:
                self.names.add(name)
                self.has.pop(name, None)
                self.state.subscribe([name])
            case "unsubscribe" if not self.wildcard:
                self.names.discard(name)
                self.has.pop(name, None)
                self.state.subscribe([], [name])
            case "send":
                self.read()
            case "answer" if self.unanswered:
                self.state.answered(self.unanswered.pop(0))
            case "reconnect":
                self.connect()

    def read(self) -> bool:
        self.nonce += 1
        if (batch := _send(self.state, str(self.nonce), most=2)) is None:
            return False
        for name, thing in batch.resources.items():
            if self.wildcard or name in self.names:
                self.has[name] = thing.version
        for name in batch.removed:
            self.has.pop(name, None)
        self.unanswered.append(str(self.nonce))
        return True


@given(steps=_STEPS, wildcard=st.booleans())
def test_whatever_happens_the_gateway_ends_with_what_it_wants_and_nothing_stays_open(
    steps: list[tuple[str, str, str]], *, wildcard: bool
) -> None:
    gateway = _Gateway({}, wildcard=wildcard)
    for number, (what, name, version) in enumerate(steps, start=1):
        gateway.step(what, name, version, number)
    while gateway.read():
        pass
    for nonce in gateway.unanswered:
        gateway.state.answered(nonce)
    wanted = {name: thing.version for name, thing in gateway.desired.items() if wildcard or name in gateway.names}
    assert gateway.has == wanted
    unasked = {name for name in gateway.desired if not wildcard and name not in gateway.names}
    assert bool(gateway.state.open_changes) <= bool(unasked)
    assert not gateway.state.open_additions or unasked
    assert gateway.read() is False
