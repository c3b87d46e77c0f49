"""What APIs hold as PEM becomes entries: equal certificates are one, named by their subject.

The texts stay as they are, for processes of the release before, which read and write them alone; what those write while this release is
being installed is taken up by :mod:`apis.trust` afterwards. Each text is a transaction of its own, so that no table is held for long.
"""

from django.db import migrations, transaction
from django.db.models import Min
from django.utils import timezone

from certificates.authorities.bundle import bundle_of
from certificates.naming import unused_name

_PLACES = {"trusted_authority": "trusted_ca", "caller_authority": "caller_authorities"}


def make_entries(apps, _schema_editor):
    """Let each text that is certificates be an entry's."""
    api = apps.get_model("apis", "Api")
    for entry, text in _PLACES.items():
        rows = api._default_manager.exclude(**{text: ""}).filter(**{f"{entry}__isnull": True})
        oldest_first = rows.order_by().values(text).annotate(first=Min("pk")).order_by("first")
        for pem in list(oldest_first.values_list(text, flat=True)):
            with transaction.atomic():
                if authority := _entry_of(apps, pem):
                    rows.filter(**{text: pem}).update(**{entry: authority, text: authority.current.pem})


def _entry_of(apps, pem):
    try:
        bundle = bundle_of(pem)
    except ValueError:  # damaged; it stays what it is
        return None
    authorities = apps.get_model("authorities", "Authority")._default_manager
    return authorities.filter(digest=bundle.digest).first() or _made(apps, authorities, bundle)


def _made(apps, authorities, bundle):
    now = timezone.now()
    name = unused_name(bundle.first.common_name or bundle.label, authorities.all(), otherwise="authority")
    authority = authorities.create(name=name, digest=bundle.digest, created_at=now)
    authority.current = apps.get_model("authorities", "AuthorityVersion")._default_manager.create(
        authority=authority,
        number=1,
        pem=bundle.pem,
        digest=bundle.digest,
        label=bundle.label,
        words=bundle.words,
        not_after=bundle.not_after,
        created_at=now,
        current_since=now,
    )
    authority.save(update_fields=["current"])
    return authority


class Migration(migrations.Migration):
    """After the columns are there."""

    atomic = False

    dependencies = [
        ("apis", "0004_trusted_authorities"),
    ]

    operations = [migrations.RunPython(make_entries, migrations.RunPython.noop)]
