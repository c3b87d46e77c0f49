"""One table for all kinds of certificates; what there is, are client certificates."""

import django.db.models.deletion
from django.db import migrations, models

import certificates.models

_KINDS = [("client", "client certificate"), ("server", "server certificate")]


class Migration(migrations.Migration):
    dependencies = [("certificates", "0006_activity_key")]

    operations = [
        migrations.AlterModelTable("clientcertificate", "certificates_clientcertificate"),  # named, it stays as it is
        migrations.RenameModel("ClientCertificate", "Certificate"),
        migrations.AlterModelOptions(
            "certificate",
            {"default_permissions": (), "ordering": ["name"], "verbose_name": "certificate", "verbose_name_plural": "certificates"},
        ),
        migrations.AddField(
            "certificate", "kind", models.CharField(choices=_KINDS, default="client", db_default="client", editable=False, max_length=10, verbose_name="kind")
        ),
        migrations.AlterField("certificate", "folded_name", certificates.models.FoldedName(editable=False, max_length=240)),
        migrations.AddConstraint(
            "certificate", models.UniqueConstraint(fields=["kind", "folded_name"], name="a_name_is_unique_within_its_kind")
        ),
        migrations.AddField(
            "certificateversion", "kind", models.CharField(choices=_KINDS, default="client", db_default="client", editable=False, max_length=10)
        ),
        migrations.AlterField(
            "certificateversion",
            "certificate",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="certificates.certificate",
                verbose_name="certificate",
            ),
        ),
        migrations.AlterField(
            "certificateversion", "thumbprint_sha256", models.CharField(db_index=True, max_length=64, verbose_name="SHA-256 thumbprint")
        ),
        migrations.AddConstraint(
            "certificateversion",
            models.UniqueConstraint(fields=["kind", "thumbprint_sha256"], name="a_certificate_is_uploaded_once_for_each_kind"),
        ),
        migrations.CreateModel(
            "ClientCertificate",
            [],
            options={
                "verbose_name": "client certificate",
                "verbose_name_plural": "client certificates",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("certificates.certificate",),
        ),
        migrations.CreateModel(
            "ServerCertificate",
            [],
            options={
                "verbose_name": "server certificate",
                "verbose_name_plural": "server certificates",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("certificates.certificate",),
        ),
    ]
