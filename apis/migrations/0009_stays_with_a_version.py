"""An API may stay with an earlier version of its certificate. The release before ignores the column."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("apis", "0008_leads_to_a_back_end"),
        ("certificates", "0010_versions_ahead"),
    ]

    operations = [
        migrations.AddField(
            model_name="api",
            name="stays_with",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="certificates.certificateversion",
                verbose_name="stays with",
            ),
        ),
    ]
