"""Who depends on whom, drawn: the APIs of a certificate, and the gateways of the control planes that feed them."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from apis.models import Api, Credentials
from gateway.control.status_queue import StatusQueue
from gateway.models import Gateway
from gateway.pictures.curves import curves
from gateway.pictures.fleet import MOST_DRAWN, Feed, feed_of, fleet
from portal.activity import last_line
from tests.makers import make_api, make_certificate, make_gateway


def test_curves_lead_to_the_middle_of_each_thing() -> None:
    assert [re.findall(r"100 ([\d.]+)$", path)[0] for path in curves([1, 2, 1])] == ["0.5", "2", "3.5"]
    assert all(path.startswith("M0 2C") for path in curves([1, 2, 1]))


def _gateways() -> list[Gateway]:
    for gateway in (one := list(Gateway.objects.with_presence())):
        gateway.__dict__["refused"] = 0
    return one


def _connected(name: str, plane: str, **more: object) -> Gateway:
    gateway = make_gateway(name)
    Gateway.objects.filter(pk=gateway.pk).update(fed_by=plane, **more)
    return gateway


def test_gateways_stand_below_the_control_plane_that_they_came_to_last_the_broken_ones_first(db: None) -> None:
    _connected("a-well", "plane-1", applied_change=10**9)
    _connected("b-away", "plane-1")
    _connected("c-well", "plane-2", applied_change=10**9)
    Gateway.objects.filter(name="b-away").update(disconnected_at=timezone.now())

    first, second = fleet(_gateways(), newest=1)

    assert [(one.gateway.name, one.feed) for one in first.gateways] == [("b-away", Feed.AWAY), ("a-well", Feed.CURRENT)]
    assert (first.name, first.is_broken) == ("plane-1", False)
    assert [one.gateway.name for one in second.gateways] == ["c-well"]


def test_no_more_gateways_of_one_control_plane_are_drawn_than_can_be_looked_at(db: None) -> None:
    for number in range(MOST_DRAWN + 3):
        _connected(f"gateway-{number:02}", "plane")
    (plane,) = fleet(_gateways(), newest=0)
    assert (len(plane.gateways), plane.more, plane.rows) == (MOST_DRAWN, 3, MOST_DRAWN + 1)


def test_a_gateway_that_has_not_applied_the_newest_change_is_behind(db: None) -> None:
    _connected("gateway", "plane", applied_change=6)
    (gateway,) = _gateways()
    assert feed_of(gateway, 7) is Feed.BEHIND
    assert feed_of(gateway, 6) is Feed.CURRENT
    gateway.__dict__["refused"] = 1
    assert feed_of(gateway, 6) is Feed.REFUSES


def test_which_control_plane_feeds_a_gateway_is_noted_when_it_comes() -> None:
    statuses = StatusQueue()
    statuses.connected("edge", "1.40.0")
    assert statuses.take().gateways["edge"]["fed_by"]


def test_the_page_of_gateways_draws_what_breaks_in_red(administrators_pages: Client) -> None:
    _connected("edge", "plane-1", applied_change=last_line())
    lost = _connected("lost", "plane-2")
    Gateway.objects.filter(pk=lost.pk).update(disconnected_at=timezone.now() - timedelta(hours=1))

    page = administrators_pages.get("/gateways/").content.decode()

    drawn = page.partition('id="map"')[2].partition("<table")[0]
    assert re.findall(r'<path d="[^"]+" class="(\w+)" />', drawn) == ["broken", "current", "away"]
    assert re.findall(r'<li class="leaf">\s*<div class="node bad">.*?<bdi>(\w+)</bdi>', drawn, re.DOTALL) == ["lost"]
    assert "plane-1" in drawn


def test_a_certificate_leads_to_the_apis_that_present_it_and_folds_the_rest(administrators_pages: Client) -> None:
    certificate = make_certificate("shared")
    for number in range(14):
        make_api(f"api-{number:02}", everything=False)
    Api.objects.update(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)

    page = administrators_pages.get("/security/client-certificates/shared/").content.decode()

    fan = page.partition('class="fan"')[2].partition("</section>")[0]
    shown, _, folded = fan.partition("<details")
    assert len(re.findall(r'href="/apis/api-\d\d/security/"', shown)) == 12
    assert len(re.findall(r'href="/apis/api-\d\d/security/"', folded)) == 2
    assert 'href="/apis/?certificate=shared"' in folded


def test_the_chain_is_a_tree_with_the_certificate_at_its_end(administrators_pages: Client) -> None:
    certificate = make_certificate("alone")
    page = administrators_pages.get("/security/client-certificates/alone/").content.decode()
    tree = page.partition('<ol class="tree"')[2].partition("</ol>")[0]
    assert certificate.current is not None
    assert f"<b>{certificate.current.last_four}</b>" in tree.rpartition("<li")[2]


def test_the_map_says_of_each_thing_what_it_is(signed_in: Client) -> None:
    _connected("edge", "plane", enrolled_until=timezone.now() + timedelta(days=1))
    _connected("here", "plane")
    page = signed_in.get("/gateways/").content.decode()
    drawn = page[page.index('id="map"') : page.index("</section>", page.index('id="map"'))]
    named = re.findall(r"</svg>([^<]+)</small>\s*<(?:a|strong)[^>]*>(?:<strong>|<bdi>)?([^<]+)<", drawn)
    assert [(what, name.strip()) for what, name in named if what != "Portal"] == [
        ("Control plane", "plane"),
        ("Gateway, on a machine of its own", "edge"),
        ("Gateway, on the portal's machine", "here"),
    ]
