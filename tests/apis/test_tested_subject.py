"""What a connection test is made with: the form as it stands, and whether that is what callers meet."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apis import actions
from apis.microscope.subject import with_security
from apis.models import Api, Credentials
from tests.makers import make_api, make_authority

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_an_entry_that_is_chosen_is_trusted_in_the_test_too_and_saved_it_is_what_callers_meet() -> None:
    authority = make_authority("inside")
    assert authority.current
    chosen = actions.ApiSecurity(credentials=Credentials.NONE, trusted_authority=authority)
    before = with_security(make_api(), chosen)
    assert (before.backend.trust.trusted_ca, before.is_saved) == (authority.current.pem, False)
    actions.secure_api(Api.objects.get(), chosen, by=None, now=timezone.now())
    assert with_security(Api.objects.get(), chosen).is_saved
