"""The table of back ends changes hands: it was the REST API's. Nothing is done to the table itself."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What stands in the table."""

    initial = True

    dependencies = [
        ("certificates", "0007_kinds_of_certificates"),
        ("rest", "0004_deployments"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="BackEnd",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        (
                            "name",
                            models.CharField(
                                max_length=80,
                                unique=True,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^(?!\\.{1,2}(?:/|\\Z))[^*#&+:<>?/\\s\\x00-\\x1f][^*#&+:<>?/\\x00-\\x1f]{0,79}\\Z",
                                        "Use 1 to 80 characters, and none of * # & + : < > ? /",
                                    )
                                ],
                                verbose_name="name",
                            ),
                        ),
                        ("title", models.CharField(blank=True, max_length=300)),
                        ("description", models.CharField(blank=True, max_length=2000, verbose_name="description")),
                        ("url", models.CharField(db_index=True, max_length=2000)),
                        ("spelled_url", models.CharField(blank=True, default="", max_length=2000)),
                        ("validate_certificate_chain", models.BooleanField(default=True)),
                        ("validate_certificate_name", models.BooleanField(default=True)),
                        ("created_at", models.DateTimeField(verbose_name="created")),
                        ("revision", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "certificate",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="certificates.clientcertificate",
                            ),
                        ),
                    ],
                    options={"db_table": "rest_backend", "ordering": ["name"], "verbose_name": "back end", "verbose_name_plural": "back ends"},
                ),
            ],
        ),
    ]
