"""What stands for an empty subject, what a file held besides, and names without regard to case."""

import unicodedata

from django.db import migrations, models

import certificates.models


def fill(apps, _schema_editor):
    from certificates.facts import Facts

    versions = apps.get_model("certificates", "CertificateVersion").objects.select_related("certificate")
    for version in versions.only("der", "subject", "certificate__name").iterator(chunk_size=100):
        version.label = version.subject or Facts.of(bytes(version.der)).shown_name or version.certificate.name
        version.save(update_fields=["label"])
    name_apart(apps.get_model("certificates", "ClientCertificate"))


def name_apart(entries):
    """Give entries whose names differ by case alone a number, all but the oldest."""
    taken = {fold(name) for name in entries.objects.values_list("name", flat=True)}
    seen = set()
    for entry in entries.objects.order_by("pk"):
        if fold(entry.name) in seen:
            entry.name = next(name for name in numbered(entry.name, len(taken)) if fold(name) not in taken)
            taken.add(fold(entry.name))
        seen.add(fold(entry.name))
        entry.save(update_fields=["name", "folded_name"])


def numbered(name, most):
    return (f"{name[:72]}-{number}" for number in range(2, most + 3))


def fold(name):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Migration(migrations.Migration):
    dependencies = [("certificates", "0002_current_since")]

    operations = [
        migrations.AddField("certificateversion", "aside", models.JSONField(default=list)),
        migrations.AddField(
            "certificateversion", "label", models.CharField(default="", max_length=2000, verbose_name="subject"), preserve_default=False
        ),
        migrations.AddField(
            "clientcertificate", "folded_name", certificates.models.FoldedName(default="", editable=False, max_length=240), preserve_default=False
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
