"""What lines of the activity log are about, each once; indexes for a person's lines of a kind or an event."""

from django.db import migrations, models

_NAMES = "INSERT INTO portal_activityname (kind, name) SELECT DISTINCT kind, subject_name FROM portal_activity"


class Migration(migrations.Migration):
    dependencies = [("portal", "0009_events_by_function")]

    operations = [
        migrations.CreateModel(
            name="ActivityName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=300)),
            ],
            options={
                "verbose_name": "name in the activity log",
                "verbose_name_plural": "names in the activity log",
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="activityname",
            constraint=models.UniqueConstraint(fields=("kind", "name"), name="a_name_in_the_log_stands_once_for_each_kind"),
        ),
        migrations.RunSQL(_NAMES, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="activity", name="activity_of_a_name"),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["actor_name", "kind", "id"], name="activity_of_person_and_kind"),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["actor_name", "event", "id"], name="activity_of_person_and_event"),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["subject_name", "kind", "id"], name="activity_of_a_subjects_name"),
        ),
    ]
