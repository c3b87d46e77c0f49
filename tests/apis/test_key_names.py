"""Under which names a key may come."""

from __future__ import annotations

import pytest

from apis.key_names import is_header_name, is_in_use, is_query_name


@pytest.mark.parametrize(
    "name", ["Ocp-Apim-Subscription-Key", "ocp-apim-subscription-key", "X-Api-Key", "api_key", "Api-Token", "X-Forward", "Portal-Key"]
)
def test_names_of_ones_own_are_taken(name: str) -> None:
    assert is_header_name(name)
    assert not is_in_use(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Upgrade", "Expect", "Keep-Alive", "Content-Type", "Cookie"),
        *("Authorization", "Proxy-Authorization", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-anything"),
        *("X-Portal-Scope", "X-Envoy-Retry-On", "X-Activity-Id", "content_length", "X_Forwarded_For", "x_portal-scope"),
        *("Ocp_Apim_Subscription_Key", "ocp-apim_subscription-key"),
    ],
)
def test_names_that_http_or_the_gateway_needs_are_in_use(name: str) -> None:
    assert is_in_use(name)


@pytest.mark.parametrize(("name", "good"), [("k", True), ("Subscription.Key_2~", True), ("a b", False), ("a&b", False), ("", False)])
def test_a_query_name_needs_no_encoding(name: str, good: bool) -> None:
    assert is_query_name(name) is good
