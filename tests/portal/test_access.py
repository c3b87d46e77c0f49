"""Who may open what: every address, every role. A new address without an entry in the table fails."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.portal.every_page import ADDRESSES, ELSEWHERE, Address, Open, make_something_of_everything, url_names

# Whether the portal is ready is tested where no test holds the database for itself.
ALL = [pytest.param(name, address, id=name) for name, address in ADDRESSES.items() if name != "readyz"]


def test_every_address_is_in_the_table() -> None:
    names = {name for name in url_names() if not name.startswith(ELSEWHERE)}
    assert names == set(ADDRESSES)


def _status(client: Client, name: str, address: Address) -> Any:
    answer = getattr(client, address.method)(address.path(name))
    assert answer.status_code < 500
    assert answer.status_code != 405
    return answer


@pytest.mark.parametrize(("name", "address"), ALL)
def test_who_is_not_signed_in_is_sent_to_sign_in(db: None, client: Client, name: str, address: Address) -> None:
    answer = _status(client, name, address)
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")
    assert to_sign_in is (address.open_to != Open.ANYBODY)


@pytest.mark.parametrize(("name", "address"), ALL)
def test_roles_open_what_is_theirs(viewer: User, publisher: User, administrator: User, name: str, address: Address) -> None:
    make_something_of_everything()
    closed = {
        viewer: address.open_to in {Open.PUBLISHERS, Open.ADMINISTRATORS},
        publisher: address.open_to == Open.ADMINISTRATORS,
        administrator: False,
    }
    for person, refused in closed.items():
        client = Client()
        client.force_login(person)
        answer = _status(client, name, address)
        assert (answer.status_code == 403) is refused, person
        assert answer.status_code not in {400, 404}, person


def test_viewers_see_no_way_to_change_anything(viewer: User) -> None:
    make_something_of_everything()
    client = Client()
    client.force_login(viewer)
    closed = {address.path(name) for name, address in ADDRESSES.items() if address.open_to in {Open.PUBLISHERS, Open.ADMINISTRATORS}}
    for name, address in ADDRESSES.items():
        if address.open_to == Open.VIEWERS and address.method == "get":
            page = client.get(address.path(name)).content.decode()
            assert not [path for path in closed if f'"{path}"' in page], name


def test_who_has_no_role_sees_nothing_of_what_there_is(client: Client, db: None) -> None:
    make_something_of_everything()
    client.force_login(User.objects.create_user("newcomer"))
    assert client.get("/activity/").status_code == 403
    dashboard = client.get("/")
    assert dashboard.status_code == 200
    assert b"orders-client" not in dashboard.content
