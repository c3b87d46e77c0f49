"""What the gateway does not load is refused by the REST API and by an import, too; nothing is stored."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from certificates.models import CertificateVersion
from tests import unloadable
from tests.makers import make_certificate
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
_SENTENCE = "The gateway cannot load this certificate: it says X.509 version 1, but has extensions, which need version 3."


@pytest.mark.parametrize("name", ["fresh", "orders-client"])
def test_a_put_of_it_is_refused_at_its_data(wire: Wire, name: str) -> None:
    make_certificate()
    data = base64.b64encode(unloadable.of_version_1().pfx_file()).decode()
    answer = wire.put(f"certificates/{name}", {"data": data, "password": "secret"}, If_Match="*")
    assert answer.status_code == 400
    assert targets(answer) == ["data"]
    assert _SENTENCE in read(answer)["error"]["details"][0]["message"]
    assert CertificateVersion.objects.count() == 1


def test_an_import_of_it_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "client.pfx").write_bytes(unloadable.of_version_1().pfx_file())
    (tmp_path / "password").write_text("secret")
    file = tmp_path / "configuration.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "certificates": [{"name": "client", "pfx": "client.pfx", "password_file": "password"}]}))
    with pytest.raises(CommandError, match=_SENTENCE):
        call_command("import", str(file))
    assert not CertificateVersion.objects.exists()
