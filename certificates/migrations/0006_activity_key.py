import os
import uuid

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from certificates.keyring import keyring
from certificates.sealing import KEY_BYTES, Secret
from portal.activity import chain

_BATCH = 1000


def seal_and_chain(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Seal and chain the lines there are, as if they had been from the first on."""
    lines = apps.get_model("portal", "Activity").objects.order_by("id")
    if not lines.exists():
        return  # the first line makes the key
    key = _new_key(apps)
    link, batch = chain.BEGINNING, []
    for line in lines.iterator(chunk_size=_BATCH):
        line.kind = line.event.partition(".")[0]
        line.seal = chain.seal_of(key, vars(line))
        line.link = link = chain.link_of(key, link, line.seal)
        batch.append(line)
        if len(batch) == _BATCH:
            lines.bulk_update(batch, ["kind", "seal", "link"])
            batch.clear()
    lines.bulk_update(batch, ["kind", "seal", "link"])
    apps.get_model("portal", "ActivityHead").objects.create(line=line.id, link=link, seal=chain.head_of(key, line.id, link))


def _new_key(apps: Apps) -> bytes:
    """Keep a new key, sealed as `SealedSecret` does."""
    key, row = os.urandom(KEY_BYTES), apps.get_model("certificates", "ActivityKey")(id=uuid.uuid4())
    sealed = keyring().seal(Secret(key), context=f"{row._meta.db_table}/{row.id}".encode())
    row.ring_key, row.wrapped_key, row.ciphertext = sealed.ring_key, sealed.wrapped_key, sealed.ciphertext
    row.save()
    return key


class Migration(migrations.Migration):
    dependencies = [
        ("certificates", "0005_sealed_text"),
        ("portal", "0006_chained_activity"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivityKey",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("ring_key", models.CharField(db_index=True, editable=False, max_length=12)),
                ("wrapped_key", models.BinaryField()),
                ("ciphertext", models.BinaryField()),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "key of the activity log",
                "verbose_name_plural": "keys of the activity log",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(seal_and_chain, migrations.RunPython.noop),
    ]
