"""What was told by the command of earlier releases is not told again."""

import uuid

from django.db import migrations


def take_over(apps, schema_editor):
    """Copy its rows."""
    told, notice_of_the_command = apps.get_model("notices", "Told"), apps.get_model("certificates", "ExpiryNotice")
    with schema_editor.connection.cursor() as cursor:
        if notice_of_the_command._meta.db_table not in schema_editor.connection.introspection.table_names(cursor):
            return  # tables are not what earlier migrations make: the start says so, in words
    earlier = notice_of_the_command.objects.select_related("version")
    told.objects.bulk_create(
        (
            told(
                subject=f"{notice.version.kind}:{notice.version.certificate_id}",
                version=notice.version.thumbprint_sha256,
                mark=str(notice.days),
                recipient=f"person:{notice.person_id}",
                delivery=uuid.uuid4(),
                claimed_at=notice.sent_at,
                sent_at=notice.sent_at,
            )
            for notice in earlier.iterator(chunk_size=500)
        ),
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("notices", "0001_initial"), ("certificates", "0007_kinds_of_certificates")]
    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
