"""What ties an ACME account to one that its authority knows, until it is registered. The release before ignores the table."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("sources", "0002_acme"),
    ]

    operations = [
        migrations.CreateModel(
            name="AcmeBinding",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("ring_key", models.CharField(db_index=True, editable=False, max_length=12)),
                ("wrapped_key", models.BinaryField()),
                ("ciphertext", models.BinaryField()),
                (
                    "account",
                    models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="binding", to="sources.acmeaccount"),
                ),
            ],
            options={
                "verbose_name": "ACME account binding",
                "verbose_name_plural": "ACME account bindings",
                "default_permissions": (),
            },
        ),
    ]
