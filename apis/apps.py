"""The apis app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApisConfig(AppConfig):
    """The apis app."""

    name = "apis"
    verbose_name = _("APIs")

    def ready(self) -> None:
        """Say where the activity log finds APIs and subscriptions, what it tells of them, what finds them, and which need an entry."""
        from apis.adopting import AuthorityAdopter
        from apis.history import entrance, words  # models are there only now
        from apis.metrics import measure
        from apis.models import Api
        from apis.named_values import history as history_of_named_values
        from apis.searching import look
        from apis.served_hosts import apis_on_hosts_of
        from apis.trust import ApisThatTrust
        from certificates.authorities.uses import answer_with as answer_for_authorities
        from certificates.models import Kind
        from certificates.uses import answer_with
        from portal import keepers, search
        from portal.metrics.measured import measure_with
        from portal.subjects import describe, register

        answer_for_authorities(ApisThatTrust())
        keepers.keep("authority_adopter", lambda: AuthorityAdopter().run)
        search.register("apis", look)
        register("api", model="apis.Api", url_name="apis:detail")
        answer_with(Kind.CLIENT, lambda certificate: Api.objects.filter(certificate=certificate.pk))
        answer_with(Kind.SERVER, apis_on_hosts_of)
        register("subscription", model="apis.Subscription", url_name="subscriptions:detail")
        register("named-value", model="apis.NamedValue", url_name="named_values:detail")
        describe("policy", "apis.ServicePolicy")
        describe("named-value", "apis.NamedValue")
        describe("api", "apis.Api", "apis.BasicCredentials", "apis.SharedSecret", "apis.OAuthClient", labels=words.of_apis)
        describe("api.operation", "apis.Operation", labels=words.of_operations)
        describe("subscription", "apis.Subscription", labels=words.of_subscriptions)
        entrance.enter()
        history_of_named_values.enter()
        measure_with(measure)
