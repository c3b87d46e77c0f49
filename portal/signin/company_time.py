"""When somebody with a company account has last proved who they are: at the provider, which may have let them through since."""

from __future__ import annotations

from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.utils import timezone

from portal.signin.providers import Provider

NEVER = 0.0


def proved_at(sociallogin: SocialLogin, *, anew: bool = False) -> float:
    """Return when, in seconds of Unix time: what the ID token says (``auth_time``, OpenID Connect Core 1.0, 2); nothing else is believed.

    :param anew: whether the provider was asked to have them sign in anew, which is believed of one that is known not to tell
    """
    provider: Provider = settings.OIDC_PROVIDERS[sociallogin.account.provider]
    now = timezone.now().timestamp()
    if not provider.tells_auth_time:
        return now if anew else NEVER
    told = sociallogin.account.extra_data["id_token"].get("auth_time")
    return min(float(told), now) if isinstance(told, int | float) else NEVER
