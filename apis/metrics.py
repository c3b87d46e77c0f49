"""What machines are told of APIs: how many there are, and when what each presents ends."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models.functions import Coalesce
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from apis.models import Api, Subscription
from portal.metrics.families import gauge
from portal.metrics.measured import MOST


def measure() -> Iterator[Metric]:
    """Yield the families."""
    yield GaugeMetricFamily("portal_apis", "APIs.", value=Api.objects.count())
    yield GaugeMetricFamily("portal_subscriptions", "Subscriptions.", value=Subscription.objects.count())
    ends = gauge("portal_api_certificate_not_after_seconds", "When the certificate that an API presents ends, Unix time.", "api", "name")
    presenting = Api.objects.filter(certificate__current__isnull=False).order_by("pk")
    end = Coalesce("stays_with__not_after", "certificate__current__not_after")
    for api, name, not_after in presenting.values_list("name", "certificate__name", end)[:MOST]:
        ends.add_metric((api, name), not_after.timestamp())
    yield ends
