"""Back ends are a room of their own; the table stays."""

from django.db import migrations


class Migration(migrations.Migration):
    """What this room no longer knows of."""

    dependencies = [
        ("backends", "0001_from_rest"),
        ("rest", "0005_policies_as_written"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Backend")]),
    ]
