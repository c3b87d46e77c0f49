"""What was written for a setting that names values, beside what it comes to, which the release before goes on reading."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("apis", "0011_oauth_clients")]

    operations = [
        migrations.AddField(
            model_name="api",
            name="written_url",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000, verbose_name="Web service URL as it is written"),
        ),
        migrations.AddField(
            model_name="basiccredentials",
            name="written_password",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="basiccredentials",
            name="written_username",
            field=models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="user name as it is written"),
        ),
    ]
