import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def since_it_was_uploaded(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Take each version for current since its upload; when versions were rolled back is only in the activity log."""
    apps.get_model("certificates", "CertificateVersion").objects.update(current_since=models.F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("certificates", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="certificateversion",
            name="current_since",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.RunPython(since_it_was_uploaded, migrations.RunPython.noop),
    ]
