"""The database itself keeps names apart; in a migration of its own, since PostgreSQL changes no table that has pending changes."""

import re

from django.core.validators import RegexValidator
from django.db import migrations, models

import certificates.models


class Migration(migrations.Migration):
    dependencies = [("certificates", "0003_labels_asides_and_folded_names")]

    operations = [
        migrations.AlterField(
            "clientcertificate",
            "name",
            models.CharField(
                max_length=80,
                validators=[
                    RegexValidator(
                        "^(?!\\.{1,2}(?:/|\\Z))[^*#&+:<>?/\\s\\x00-\\x1f][^*#&+:<>?/\\x00-\\x1f]{0,79}\\Z",
                        "Use 1 to 80 characters, and none of * # & + : < > ? /",
                    ),
                    RegexValidator("^(upload)\\Z", "This name is an address of the portal itself.", flags=re.IGNORECASE, inverse_match=True),
                ],
                verbose_name="name",
            ),
        ),
        migrations.AlterField("clientcertificate", "folded_name", certificates.models.FoldedName(editable=False, max_length=240, unique=True)),
    ]
