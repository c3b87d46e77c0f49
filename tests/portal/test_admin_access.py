"""Who may do what in Django admin: every address, every method, every role; nothing is changed there but through the actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from certificates.models import ClientCertificate, ServerCertificate
from portal.models import Activity
from portal.roles import Role
from tests.makers import lines
from tests.portal.every_page import make_something_of_everything, url_names

pytestmark = pytest.mark.any_database

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MODELS = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in apps.get_models() if admin.site.is_registered(model)}
# What may be written in Django admin, because the portal's actions do it. Whatever else is registered is to be looked at.
WRITTEN: dict[type[Model], set[str]] = {
    User: {"add", "change", "delete", "password_change"},
    ClientCertificate: {"delete"},
    ServerCertificate: {"delete"},
}
VERBS = ("changelist", "add", "change", "delete", "history", "password_change")
# The pages of the site itself: what they answer an Administrator.
SITE = {"index": 200, "app_list": 200, "jsi18n": 200, "autocomplete": 403, "view_on_site": 404, "password_change": 303}
LEFT_OUT = {"login", "logout", "password_change_done", "None"}  # open to others too, or no address of its own


def _addresses() -> list[str]:
    return [name.removeprefix("admin:") for name in url_names() if name.startswith("admin:")]


def _model_and_verb(name: str) -> tuple[type[Model], str] | None:
    for prefix, model in MODELS.items():
        if name.startswith(f"{prefix}_") and name.removeprefix(f"{prefix}_") in VERBS:
            return model, name.removeprefix(f"{prefix}_")
    return None


def _path(name: str) -> str:
    found = _model_and_verb(name)
    if found is None:
        person = User.objects.order_by("pk")[0]
        arguments: dict[str, Any] = {
            "app_list": {"app_label": "auth"},
            "view_on_site": {"content_type_id": ContentType.objects.get_for_model(User).pk, "object_id": person.pk},
        }
        return reverse(f"admin:{name}", kwargs=arguments.get(name))
    model, verb = found
    pk = model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0  # not the administrator, who came first
    arguments = {"password_change": {"id": pk}} if verb == "password_change" else {} if verb in {"changelist", "add"} else {"object_id": pk}
    return reverse(f"admin:{name}", kwargs=arguments.get("password_change", arguments))


def _send(client: Client, method: str, path: str) -> Any:
    """Send a request and undo whatever it does."""
    with transaction.atomic():
        answer = client.generic(method, path)
        transaction.set_rollback(True)
    return answer


def test_every_address_is_known() -> None:
    names = set(_addresses()) - LEFT_OUT
    assert {name for name in names if _model_and_verb(name) is None} == set(SITE)


@pytest.mark.parametrize("role", [None, "", Role.VIEWER, Role.PUBLISHER])
def test_nobody_but_administrators_gets_in(db: None, role: str | None) -> None:
    make_something_of_everything()
    client = Client()
    if role is not None:
        person = User.objects.create_user("outsider")
        person.groups.set(Group.objects.filter(name=role))
        client.force_login(person)
    for number, name in enumerate(sorted(set(_addresses()) - LEFT_OUT)):
        path = _path(name)
        for method in ("GET", METHODS[1 + number % 7]):  # one guard answers all
            answer = _send(client, method, path)
            shut_out = answer.status_code == 403 or (
                answer.status_code == 302 and answer.headers["Location"].startswith(("/admin/login/", "/accounts/login/"))
            )
            assert shut_out, f"{method} {name}: {answer.status_code}"


def test_administrators_look_at_everything_and_write_what_the_actions_do(administrator: User) -> None:
    make_something_of_everything()
    client = Client()
    client.force_login(administrator)
    surprises = []
    for name in set(_addresses()) - LEFT_OUT:
        path = _path(name)
        found = _model_and_verb(name)
        looks, sends = (_send(client, method, path).status_code for method in ("GET", "POST"))
        if found is None:
            right = looks == SITE[name]
        elif found[1] in {"changelist", "history"}:
            right = looks in {200, 302} and sends in {200, 302}
        elif found[1] in WRITTEN.get(found[0], set()):
            right = looks < 400 and sends < 400
        elif found[1] == "change":  # a page to look at; to be found only where there is a row
            right = looks in {200, 302} and sends == 403
        else:
            right = (looks, sends) == (403, 403)
        if not right:
            surprises.append(f"{name}: {looks}, {sends}")
    assert surprises == []


def test_no_bulk_action_is_offered_but_those_of_ours(administrator: User, rf: Any) -> None:
    request = rf.get("/")
    request.user = administrator
    offered = {model: set(admin.site.get_model_admin(model).get_actions(request)) for model in MODELS.values()}
    assert {model: actions for model, actions in offered.items() if actions} == {
        User: {"delete_selected"},
        ClientCertificate: {"delete_chosen"},
        ServerCertificate: {"delete_chosen"},
    }


@pytest.mark.parametrize("bulk", [False, True])
def test_what_is_deleted_in_the_admin_is_told_like_everything_else(administrator: User, publisher: User, bulk: bool) -> None:
    client = Client()
    client.force_login(administrator)
    chosen = {"action": "delete_selected", "_selected_action": [publisher.pk], "post": "yes"}
    client.post("/admin/auth/user/" if bulk else f"/admin/auth/user/{publisher.pk}/delete/", chosen if bulk else {"post": "yes"})
    (line,) = lines()
    assert (line.event, line.subject_name, line.actor_name) == ("people.deleted", "publisher", "administrator")


def test_what_is_changed_in_the_admin_is_told_and_ends_sessions(administrator: User, publisher: User) -> None:
    client, theirs = Client(), Client()
    client.force_login(administrator)
    theirs.force_login(publisher)
    page = f"/admin/auth/user/{publisher.pk}/change/"

    viewers = Group.objects.get(name=Role.VIEWER)
    assert client.post(page, {"groups": [viewers.pk], "email": "new@example.com", "is_active": "on"}).status_code == 302

    told = {line.event: line.changes or line.details for line in lines()}
    assert told == {
        "people.role-changed": {"old": "Publishers", "new": "Viewers"},
        "people.changed": {"email": ["publisher@example.com", "new@example.com"]},
    }
    assert theirs.get("/").status_code == 302
    assert client.post(page, {"groups": [viewers.pk], "email": "new@example.com"}).status_code == 302
    assert Activity.objects.order_by("-id").values_list("event", "actor_name")[0] == ("people.deactivated", "administrator")


def test_a_password_set_in_the_admin_is_told_and_not_shown(administrator: User, publisher: User) -> None:
    client = Client()
    client.force_login(administrator)
    sent = {"usable_password": "true", "password1": "orchid-lantern-42-moss", "password2": "orchid-lantern-42-moss"}
    assert client.post(f"/admin/auth/user/{publisher.pk}/password/", sent).status_code == 302
    (line,) = lines()
    assert (line.event, line.details) == ("people.password-set", {})


def test_a_form_with_mistakes_tells_nothing(administrator: User, publisher: User) -> None:
    client = Client()
    client.force_login(administrator)
    sent = {"usable_password": "true", "password1": "one", "password2": "other"}
    assert client.post(f"/admin/auth/user/{publisher.pk}/password/", sent).status_code == 200
    assert not lines()


def test_whoever_is_added_in_the_admin_is_told_with_their_role(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    sent = {"username": "newcomer", "usable_password": "true", "groups": [Group.objects.get(name=Role.PUBLISHER).pk]}
    client.post("/admin/auth/user/add/", sent | {"password1": "orchid-lantern-42", "password2": "orchid-lantern-42"})
    (line,) = lines()
    assert (line.event, line.subject_name, line.details) == ("people.added", "newcomer", {"role": "Publishers"})


def test_an_administrator_who_steps_down_in_the_admin_is_signed_out(administrator: User) -> None:
    other = User.objects.create_user("other", password="orchid-lantern-42")
    other.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    client = Client()
    client.force_login(administrator)
    sent = {"groups": [Group.objects.get(name=Role.VIEWER).pk], "is_active": "on"}
    assert client.post(f"/admin/auth/user/{administrator.pk}/change/", sent).status_code == 302
    assert client.get("/").status_code == 302
