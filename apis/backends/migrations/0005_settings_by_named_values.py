"""What was written for a user name and a password that name values, beside what they come to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("backends", "0004_oauth_clients")]

    operations = [
        migrations.AddField(
            model_name="backendpassword",
            name="written_password",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="backendpassword",
            name="written_username",
            field=models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="user name as it is written"),
        ),
    ]
