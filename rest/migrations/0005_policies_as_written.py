"""How clients have spelled policies moves to the APIs, whose documents are kept as they were written."""

from django.db import migrations


def move_documents(apps, _schema_editor):
    """Let each API hold the document that a client has put, if it holds none yet."""
    for remarks in apps.get_model("rest", "Remarks")._default_manager.filter(properties__has_key="spelled").select_related("api"):
        written = remarks.properties["spelled"].get("policy")
        if remarks.api and written:
            apps.get_model("apis", "Api")._default_manager.filter(pk=remarks.api_id, document="").update(document=written[0])


class Migration(migrations.Migration):
    dependencies = [("rest", "0004_deployments"), ("apis", "0007_policies_and_named_values")]
    operations = [migrations.RunPython(move_documents, migrations.RunPython.noop)]
