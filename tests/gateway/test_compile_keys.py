"""Subscription keys, checked by a real Envoy: who gets in, what others are told, and that no key reaches a back end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from apis.policy.model import KeyCheck, Policy
from gateway.compile import KEYS_FILTER, SHARDS, Resource, compile_segment, shard_of
from gateway.compile.resource import FILTER
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Answer, Gateway, open_to_all, policy

MISSING = (
    b'{ "statusCode": 401, "message": "Access denied due to missing subscription key. '
    b'Make sure to include subscription key when making requests to an API." }'
)
INVALID = (
    b'{ "statusCode": 401, "message": "Access denied due to invalid subscription key. '
    b'Make sure to provide a valid key for an active subscription." }'
)


@pytest.fixture(autouse=True, params=[False, True], ids=["few keys", "many keys"])
def form(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[None]:
    """Have everything hold whichever form the key check has."""
    gateway.check_keys(as_if_many=request.param)
    yield
    gateway.check_keys(as_if_many=False)


@pytest.fixture
def api(gateway: Gateway, backend: Backend, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Policy:
    """Return a published API that demands a key."""
    number = new_api()
    one = policy(number, f"keys-{number}", port=backend.port, trusted=authority)
    assert not gateway.publish(one, client_certificate)
    return one


def challenge(gateway: Gateway, one: Policy) -> str:
    realm = f"https://127.0.0.1:{gateway.port}/{one.path}"
    return f'AzureApiManagementKey realm="{realm}",name="{one.key_check.header}",type="header"'


def assert_refused(answer: Answer, body: bytes, www_authenticate: str) -> None:
    assert (answer.status, answer.body) == (401, body)
    assert answer.headers["www-authenticate"] == www_authenticate
    assert answer.headers["content-type"] == "application/json"


def test_a_key_in_the_header_opens_the_api_and_goes_no_further(gateway: Gateway, api: Policy, backend: Backend) -> None:
    assert gateway.call(f"/{api.path}/1", key=KEY).status == 200
    assert KEY not in repr(backend.calls)
    assert backend.calls[0].header("ocp-apim-subscription-key") is None


def test_without_a_key_the_published_refusal_is_answered(gateway: Gateway, api: Policy, backend: Backend) -> None:
    assert_refused(gateway.call(f"/{api.path}/1"), MISSING, challenge(gateway, api))
    assert not backend.calls


@pytest.mark.parametrize("key", ["ab" + "2" * 30, "cd" + "1" * 30, "not hex at all", "ab", "a", KEY.upper(), KEY + "0", "ÿ"])
def test_a_wrong_key_is_refused_in_the_published_words(gateway: Gateway, api: Policy, backend: Backend, key: str) -> None:
    assert_refused(gateway.call(f"/{api.path}/1", key=key), INVALID, challenge(gateway, api))
    assert not backend.calls


def test_a_key_of_another_api_is_refused(gateway: Gateway, api: Policy, backend: Backend, new_api: Callable[[], int]) -> None:
    key = "ab" + "3" * 30
    gateway.let_in(key, api=new_api())
    assert_refused(gateway.call(f"/{api.path}/1", key=key), INVALID, challenge(gateway, api))
    gateway.shut_out(key)


def test_an_api_whose_number_begins_alike_is_another_api(
    gateway: Gateway, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    gateway.publish(policy(70001, "begins-alike", port=backend.port, trusted=authority), client_certificate)
    key = "ab" + "4" * 30
    gateway.let_in(key, api=7000)
    assert gateway.call("/begins-alike", key=key).status == 401
    gateway.shut_out(key)


def test_a_key_of_this_api_opens_it_until_it_is_revoked(gateway: Gateway, api: Policy) -> None:
    key = "0f" + "1" * 30
    gateway.let_in(key, api=api.api_id)
    assert gateway.call(f"/{api.path}/1", key=key).status == 200
    gateway.shut_out(key)
    assert gateway.call(f"/{api.path}/1", key=key).status == 401


@pytest.mark.parametrize("key", ["zz-chosen-by-a-client", "f", "A0", "ключ"])
def test_a_key_that_a_client_chose_opens_as_well(gateway: Gateway, api: Policy, key: str) -> None:
    sent = key.encode().decode("latin-1")
    gateway.let_in(key)
    assert gateway.call(f"/{api.path}/1", key=sent).status == 200
    gateway.shut_out(key)
    assert gateway.call(f"/{api.path}/1", key=sent).status == 401


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (f"subscription-key={KEY}", ""),
        (f"subscription-key={KEY}&a=1", "?a=1"),
        (f"a=1&subscription-key={KEY}", "?a=1"),
        (f"a=%41b&subscription-key={KEY}&c=d%2fe&&=&f", "?a=%41b&c=d%2fe&&=&f"),
        (f"a=+%20'&subscription-key={KEY}&b=%zz%", "?a=+%20'&b=%zz%"),
        (f"subscription-key={KEY}&x-subscription-key=kept&subscription-key-2=kept", "?x-subscription-key=kept&subscription-key-2=kept"),
    ],
)
def test_a_key_in_the_query_opens_the_api_and_the_rest_of_the_query_keeps_every_byte(
    gateway: Gateway, api: Policy, backend: Backend, query: str, left: str
) -> None:
    assert gateway.call(f"/{api.path}/1?{query}").status == 200
    assert backend.calls[0].target == f"/1{left}"
    assert KEY not in repr(backend.calls)


@pytest.mark.parametrize(
    "name", ["Subscription-Key", "SUBSCRIPTION-KEY", "subscription%2Dkey", "%73ubscription-%4bey", "subscription%2dKEY"]
)
def test_a_key_in_the_query_is_known_by_every_spelling_of_its_name(gateway: Gateway, api: Policy, backend: Backend, name: str) -> None:
    assert gateway.call(f"/{api.path}/1?a=%41&{name}={KEY}&b").status == 200
    assert gateway.call(f"/{api.path}/2?{name}=wrong&{name.lower()}={KEY}", key=KEY).status == 200
    assert gateway.call(f"/{api.path}/3?{name}=wrong").status == 401
    assert [call.target for call in backend.calls] == ["/1?a=%41&b", "/2"]


@pytest.mark.parametrize(
    "name",
    [
        *("subscription_key", "Subscription_Key", "subscription.key", "subscription+key", "subscription%20key", "subscription%5fkey"),
        *(
            "?subscription-key",
            "??subscription-key",
            "%3fsubscription-key",
            "+subscription-key",
            "subscription-key%00",
            "subscription-key+",
        ),
        *("subscription%252Dkey", "subscription%25252dkey", "%2573ubscription-key", "subscription-ke%25%37%39"),
        *("subscription-key[]", "subscription-key[0]", "subscription-key%5B%5D", "subscription_key%5Ba%5D"),
    ],
)
@pytest.mark.parametrize("mark", ["&", ";"])
def test_a_name_that_some_back_end_would_take_for_the_keys_is_not_passed_on(
    gateway: Gateway, api: Policy, backend: Backend, name: str, mark: str
) -> None:
    assert gateway.call(f"/{api.path}/1?{name}={KEY}", key=KEY).status == 200
    assert gateway.call(f"/{api.path}/2?a=%41{mark}{name}={KEY}{mark}b=1", key=KEY).status == 200
    assert [call.target for call in backend.calls] == ["/1", f"/2?a=%41{mark}b=1"]


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (f"/a;subscription-key={KEY}", "/a"),
        (f"/a;b=%41;Subscription_Key={KEY};c/d;e", "/a;b=%41;c/d;e"),
        (f"/a/b;subscription%2Dkey={KEY}/c?d=1", "/a/b/c?d=1"),
        (f"/a/b;subscription%252Dkey={KEY}/c?d=1&subscription-key={KEY}", "/a/b/c?d=1"),
        (f"/a%3Bsubscription-key={KEY}/c", "/a/c"),
        (f"/a%253bx%253bsubscription_key={KEY}", "/a%253bx"),
        ("/a;subscription=1;key=2;subscription-keys=3", "/a;subscription=1;key=2;subscription-keys=3"),
        ("/a;b=subscription-key%3Bc", "/a;b=subscription-key%3Bc"),
    ],
)
def test_a_key_in_the_path_is_not_passed_on(gateway: Gateway, api: Policy, backend: Backend, path: str, left: str) -> None:
    assert gateway.call(f"/{api.path}{path}", key=KEY).status == 200
    assert backend.calls[0].target == left


def test_a_query_of_names_encoded_without_end_holds_nobody_up(gateway: Gateway, api: Policy, backend: Backend) -> None:
    name = "%" + "25" * 20_000 + "subscription-key"
    assert gateway.call(f"/{api.path}/1?{name}=1", key=KEY).status == 200
    assert gateway.call(f"/{api.path}/1?{'subscription-kez=1&' * 2_000}", key=KEY).status == 200


@pytest.mark.parametrize("name", ["Ocp_Apim_Subscription_Key", "ocp-apim-subscription_key", "ocp_apim-subscription-key"])
def test_a_header_that_back_ends_would_take_for_the_keys_is_not_passed_on(
    gateway: Gateway, api: Policy, backend: Backend, name: str
) -> None:
    assert gateway.call(f"/{api.path}/1", headers={name: KEY}).status == 401
    assert gateway.call(f"/{api.path}/1", headers={name: KEY}, key=KEY).status == 200
    assert KEY not in repr(backend.calls)


@pytest.mark.parametrize(
    "query", ["a=%41%2f&b", "a=b?c=d", "", "%zz", "subscription=1", "x=subscription-key", "subscription-key2=1", "%73=1"]
)
def test_a_query_without_a_key_keeps_every_byte(gateway: Gateway, api: Policy, backend: Backend, query: str) -> None:
    assert gateway.call(f"/{api.path}/1?{query}", key=KEY).status == 200
    assert backend.calls[0].target == f"/1?{query}"


def test_the_header_goes_before_the_query(gateway: Gateway, api: Policy, backend: Backend) -> None:
    assert gateway.call(f"/{api.path}/1?subscription-key=wrong&a=1", key=KEY).status == 200
    assert gateway.call(f"/{api.path}/1?subscription-key={KEY}", key="wrong").status == 401
    assert gateway.call(f"/{api.path}/1?subscription-key={KEY}", headers={"Ocp-Apim-Subscription-Key": ""}).status == 200
    assert [call.target for call in backend.calls] == ["/1?a=1", "/1"]


def test_an_api_may_have_names_of_its_own_for_the_key(
    gateway: Gateway, backend: Backend, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]
) -> None:
    number = new_api()
    one = policy(number, f"own-names-{number}", port=backend.port, trusted=authority, key_check=KeyCheck(header="X-Api-Key", query="k"))
    gateway.publish(one, client_certificate)
    assert gateway.call(f"/{one.path}/a?b=%41", headers={"x-api-key": KEY}).status == 200
    assert gateway.call(f"/{one.path}/b?k={KEY}&subscription-key=theirs").status == 200
    assert_refused(gateway.call(f"/{one.path}", key=KEY), MISSING, challenge(gateway, one))
    assert_refused(gateway.call(f"/{one.path}?k=wrong"), INVALID, challenge(gateway, one))
    assert gateway.call(f"/{one.path}/c?K={KEY}&%6B=x&l", headers={"x_api_key": KEY, "X-Api_Key": KEY}).status == 200
    assert gateway.call(f"/{one.path}/d;k={KEY}/e?%256B={KEY};k[]={KEY}&subscription_key={KEY}").status == 200
    assert [call.target for call in backend.calls] == ["/a?b=%41", "/b?subscription-key=theirs", "/c?l", "/d/e"]
    assert KEY not in repr(backend.calls)


def test_an_open_api_needs_no_key_and_passes_none_on(
    gateway: Gateway, backend: Backend, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]
) -> None:
    number = new_api()
    gateway.publish(open_to_all(policy(number, f"open-{number}", port=backend.port, trusted=authority)), client_certificate)
    for target, key in ((f"/open-{number}/1", None), (f"/open-{number}/2", "wrong"), (f"/open-{number}/3?subscription-key={KEY}", KEY)):
        assert gateway.call(target, key=key).status == 200
    assert [call.target for call in backend.calls] == ["/1", "/2", "/3"]
    assert KEY not in repr(backend.calls)
    assert "wrong" not in repr(backend.calls)


def test_a_route_whose_rule_was_forgotten_lets_nobody_pass(gateway: Gateway, api: Policy) -> None:
    routes, scope = compile_segment(api.path, [api])
    message = RouteConfiguration.FromString(routes.body)
    message.virtual_hosts[0].ClearField("typed_per_filter_config")
    assert not gateway.feed.apply([Resource.of(routes.name, message), scope])
    assert gateway.call(f"/{api.path}/1", key=KEY).status == 401


def test_what_callers_write_into_our_own_headers_counts_for_nothing(gateway: Gateway, api: Policy, backend: Backend) -> None:
    ours = {"X-Portal-Scope": f"/{api.path}/", "X-Envoy-Original-Path": "/other", "X-Envoy-Retry-On": "5xx"}
    assert gateway.call(f"/{api.path}/1", headers=ours).status == 401
    assert gateway.call(f"/{api.path}/1", headers=ours, key=KEY).status == 200
    assert not [name for name, _ in backend.calls[0].headers if name.startswith(("x-portal", "x-envoy"))]


def test_no_key_stands_in_what_the_admin_page_shows(gateway: Gateway, api: Policy) -> None:
    assert gateway.call(f"/{api.path}/1", key=KEY).status == 200
    assert KEY not in gateway.admin("/config_dump")


def test_without_the_key_check_nobody_passes(gateway: Gateway, api: Policy) -> None:
    gateway.feed.apply([], removed=[(FILTER, KEYS_FILTER)])
    assert {gateway.call(f"/{api.path}/1", key=key).status for key in (KEY, None)}.isdisjoint({200, 404})
    gateway.check_keys(as_if_many=False)
    assert gateway.call(f"/{api.path}/1", key=KEY).status == 200


def test_the_form_changes_without_a_wrong_answer(gateway: Gateway, api: Policy) -> None:
    answers: dict[str, Counter[int]] = {KEY: Counter(), "ab" + "9" * 30: Counter(), "": Counter()}
    over = threading.Event()

    def keep_calling(key: str) -> None:
        while not over.is_set():
            answers[key][gateway.call(f"/{api.path}/1", key=key or None).status] += 1

    threads = [threading.Thread(target=keep_calling, args=(key,)) for key in answers]
    for thread in threads:
        thread.start()
    for number in range(40):
        gateway.check_keys(as_if_many=number % 2 == 0)
    over.set()
    for thread in threads:
        thread.join()
    assert [set(statuses) for statuses in answers.values()] == [{200}, {401}, {401}]


def test_keys_are_spread_over_all_shards() -> None:
    assert {shard_of(f"{number:02x}{'0' * 30}") for number in range(256)} | {shard_of("Zz")} == set(SHARDS)
