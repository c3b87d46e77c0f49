"""An index for the history of one thing, made beside the writers of the log, which go on meanwhile."""

from typing import Any

from django.db import migrations, models


class AddIndexAside(migrations.AddIndex):
    """On PostgreSQL the index is made concurrently; SQLite knows no other writers meanwhile."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make it."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            aside = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
            schema_editor.add_index(model, self.index, **aside)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("portal", "0010_activity_names")]

    operations = [
        AddIndexAside(
            model_name="activity",
            index=models.Index(fields=["subject_id", "kind", "id"], name="activity_about_one_thing"),
        ),
    ]
