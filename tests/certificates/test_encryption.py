"""The ring of encryption keys: making, extending, rotating, reporting, and refusing to start without the right one."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions as api_actions
from apis.models import Credentials
from certificates import encryption
from certificates.keyring import keyring
from certificates.models import CertificateVersion
from certificates.sealing import Secret, Tampered, UnknownRingKey, new_key
from portal.models import Activity, Event
from tests.homes import tables
from tests.makers import issue, make_api, make_certificate, make_subscription

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parent.parent.parent


def run(verb: str, *options: str) -> str:
    """Return what ``manage.py encryption`` prints."""
    said = io.StringIO()
    call_command("encryption", verb, *options, stdout=said)
    return said.getvalue()


@pytest.fixture
def ring_file(settings: Settings, tmp_path: Path) -> Path:
    """Let the portal look for its ring in a file, which is not there yet."""
    settings.ENCRYPTION_KEYS = ""
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "home" / "encryption-keys"
    return Path(settings.ENCRYPTION_KEYS_FILE)


@pytest.mark.django_db
def test_a_new_ring_is_readable_by_its_owner_alone(ring_file: Path) -> None:
    assert str(ring_file) in run("create")
    assert stat.S_IMODE(ring_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(ring_file.parent.stat().st_mode) == 0o700
    assert len(keyring().names) == 1


@pytest.mark.django_db
def test_a_ring_is_never_made_over_another(ring_file: Path) -> None:
    run("create")
    before = ring_file.read_text()
    with pytest.raises(CommandError, match="There is a ring already"):
        run("create")
    assert run("create", "--if-missing") == ""
    assert ring_file.read_text() == before


@pytest.mark.django_db
def test_a_ring_that_is_only_missing_is_not_replaced(ring_file: Path) -> None:
    run("create")
    make_certificate()
    ring_file.unlink()
    with pytest.raises(CommandError, match="Put the ring back from its backup"):
        run("create")
    assert not ring_file.exists()


@pytest.mark.django_db
def test_an_added_key_seals_what_is_new_and_the_older_one_still_opens(ring_file: Path) -> None:
    run("create")
    old = keyring().names[0]
    first = issue("first")
    make_certificate("first", first)
    run("add")
    assert keyring().names[1:] == (old,)
    assert stat.S_IMODE(ring_file.stat().st_mode) == 0o600
    make_certificate("second")
    by_name = {version.certificate.name: version for version in CertificateVersion.objects.select_related("certificate")}
    assert (by_name["first"].ring_key, by_name["second"].ring_key) == (old, keyring().names[0])
    assert by_name["first"].unseal() == Secret(first.key_der)


def _seal_one_of_each() -> None:
    make_certificate()
    make_subscription()
    chosen = api_actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"p"))
    api_actions.secure_api(make_api(), chosen, by=None, now=timezone.now())


@pytest.mark.django_db
def test_rewrapping_brings_everything_under_the_newest_key_and_changes_no_secret(ring_file: Path) -> None:
    run("create")
    _seal_one_of_each()
    before = {row.pk: (row.unseal(), bytes(row.ciphertext)) for model in encryption.sealed_models() for row in model._default_manager.all()}
    run("add")
    newest, old = keyring().names
    answer = json.loads(run("rewrap", "--json"))
    assert answer == {"key": newest, "rows": 5, "unopened": []}
    for model in encryption.sealed_models():
        for row in model._default_manager.all():
            assert row.ring_key == newest
            assert (row.unseal(), bytes(row.ciphertext)) == before[row.pk]
    assert Activity.objects.order_by("-id")[0].event == Event.ENCRYPTION_REWRAPPED
    report = json.loads(run("report", "--json"))["keys"]
    assert [(key["key"], key["newest"], sum(key["rows"].values())) for key in report] == [(newest, True, 5), (old, False, 0)]
    assert "it may be taken out" in run("report")
    ring_file.write_text(ring_file.read_text().splitlines()[0])
    assert CertificateVersion.objects.get().unseal()


@pytest.mark.django_db
def test_rewrapping_again_changes_nothing_and_tells_nobody(ring_file: Path) -> None:
    run("create")
    make_certificate()
    lines = Activity.objects.count()
    assert json.loads(run("rewrap", "--json"))["rows"] == 0
    assert Activity.objects.count() == lines


@pytest.mark.django_db
def test_an_interrupted_rewrapping_goes_on_where_it_was(ring_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("create")
    for number in range(5):
        make_certificate(f"c{number}")
    run("add")
    monkeypatch.setattr(encryption, "_BATCH", 2)
    batches = encryption._batches(CertificateVersion, keyring().names[0])  # noqa: SLF001 - to stop in the middle
    assert next(batches) == 2
    batches.close()
    assert json.loads(run("rewrap", "--json"))["rows"] == 4  # the log's key is one
    assert set(CertificateVersion.objects.values_list("ring_key", flat=True)) == {keyring().names[0]}


@pytest.mark.django_db
def test_rows_that_no_key_opens_are_named_and_the_others_rewrapped(ring_file: Path) -> None:
    run("create")
    make_certificate("lost")
    make_certificate("kept")
    lost = CertificateVersion.objects.get(certificate__name="lost")
    CertificateVersion.objects.filter(pk=lost.pk).update(ring_key="ffffffffffff")
    run("add")
    with pytest.raises(CommandError, match=f"CertificateVersion {lost.pk}"):
        run("rewrap")
    assert CertificateVersion.objects.get(certificate__name="kept").ring_key == keyring().names[0]
    assert "NOT IN THE RING" in run("report")


@pytest.mark.django_db
def test_a_ring_in_the_environment_is_extended_there(settings: Settings) -> None:
    with pytest.raises(CommandError, match="PORTAL_ENCRYPTION_KEYS"):
        run("add")
    with pytest.raises(CommandError, match="PORTAL_ENCRYPTION_KEYS"):
        run("create")
    first = keyring().names[0]
    settings.ENCRYPTION_KEYS = f"{new_key()},{settings.ENCRYPTION_KEYS}"
    assert keyring().names[1] == first


@pytest.mark.django_db
def test_no_command_prints_a_key(ring_file: Path) -> None:
    said = run("create") + run("add") + run("report") + run("rewrap") + run("report", "--json") + repr(keyring())
    for key in ring_file.read_text().split():
        assert key not in said


@pytest.mark.django_db
def test_a_sealed_value_opens_in_no_other_row() -> None:
    one, other = make_certificate("one").current, make_certificate("other").current
    assert one is not None
    assert other is not None
    other.wrapped_key, other.ciphertext = one.wrapped_key, one.ciphertext
    with pytest.raises(Tampered):
        other.unseal()
    other.ring_key = "ffffffffffff"
    with pytest.raises(UnknownRingKey):
        other.unseal()


def start() -> None:
    """Do what ``portal/wsgi.py`` does."""
    call_command("check", databases=["default"])


@pytest.mark.django_db
def test_with_the_right_ring_it_starts(ring_file: Path) -> None:
    run("create")
    _seal_one_of_each()
    start()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0o600, "There is no ring of encryption keys"),
        ("", 0o600, "is empty"),
        ("c2hvcnQ=", 0o600, "has 5 bytes; it must have 32"),
        ("not base64!", 0o600, "not valid base64"),
        ("schlüssel", 0o600, "cannot be read"),
        (f"{'A' * 43}=\n{'A' * 43}=", 0o600, "stands in the ring twice"),
        (f"{'A' * 43}=", 0o644, "Others may read the encryption keys"),
        (f"{'A' * 43}=", 0o640, "Others may read the encryption keys"),
    ],
    ids=["missing", "empty", "short", "not base64", "not ASCII", "twice", "world-readable", "group-readable"],
)
def test_without_a_usable_ring_it_does_not_start_and_says_why(ring_file: Path, content: str | None, mode: int, reason: str) -> None:
    if content is not None:
        ring_file.parent.mkdir()
        ring_file.write_text(content, encoding="utf-8")
        ring_file.chmod(mode)
    with pytest.raises(SystemCheckError, match=reason):
        start()


@pytest.mark.django_db
@pytest.mark.parametrize(("mode", "starts"), [(0o400, True), (0o440, True), (0o444, False), (0o660, False)])
def test_a_credential_of_systemd_is_the_services_own(ring_file: Path, monkeypatch: pytest.MonkeyPatch, mode: int, starts: bool) -> None:
    run("create")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(ring_file.parent))
    ring_file.chmod(mode)
    if starts:
        start()
    else:
        with pytest.raises(SystemCheckError, match="Others may read the encryption keys"):
            start()


@pytest.mark.django_db
def test_with_the_ring_of_another_portal_it_does_not_start(ring_file: Path) -> None:
    run("create")
    _seal_one_of_each()
    ring_file.write_text(f"{new_key()}\n")
    with pytest.raises(SystemCheckError, match="is not in the ring"):
        start()


@pytest.mark.django_db
def test_a_ring_that_lacks_an_older_key_does_not_start(ring_file: Path) -> None:
    run("create")
    make_subscription()  # two keys
    run("add")
    make_certificate()
    ring_file.write_text(ring_file.read_text().splitlines()[0])
    with pytest.raises(SystemCheckError, match="is not in the ring, and 3 secrets are sealed under it"):
        start()


DAMAGE: list[dict[str, Any]] = [{"ciphertext": b"\0" * 60}, {"ciphertext": b""}, {"wrapped_key": b"\0" * 60}, {"ring_key": "ffffffffffff"}]


@pytest.mark.django_db
@pytest.mark.parametrize("damage", DAMAGE, ids=["its text", "no text", "its data key", "its ring key"])
@pytest.mark.parametrize("number", range(5))
def test_a_damaged_row_is_named_and_keeps_nothing_from_starting_or_from_the_newest_key(
    ring_file: Path, damage: dict[str, Any], number: int
) -> None:
    run("create")
    _seal_one_of_each()
    make_certificate("second")
    rows = [row for model in encryption.sealed_models() for row in model._default_manager.order_by("pk")]
    row = rows[number]
    type(row)._default_manager.filter(pk=row.pk).update(**damage)

    start()
    assert [(one["id"], one["name"]) for one in json.loads(run("report", "--json"))["damaged"]] == [(str(row.pk), row.sealed_name)]
    assert row.sealed_name in run("report")
    run("add")
    with pytest.raises(CommandError, match=f"{row._meta.label} {row.pk}: {row.sealed_name}: "):
        run("rewrap")
    others = [one for one in rows if one.pk != row.pk]
    for other in others:
        other.refresh_from_db()
    assert {other.ring_key for other in others} == {keyring().names[0]}
    with pytest.raises(CommandError, match=str(row.pk)):
        run("rewrap")
    start()


def _manage(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a home of its own, with nothing of this test run's environment but the way to the interpreter."""
    own: dict[str, Any] = {"PATH": os.environ["PATH"], "PORTAL_HOME": str(home), "PORTAL_SECRET_KEY": "x", **environment}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=own, capture_output=True, text=True, timeout=240, check=False)


def test_a_fresh_home_gets_its_ring_before_there_is_a_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(tables(), home / "portal.sqlite3")
    for way in (("-c", "import portal.wsgi"), ("manage.py", "migrate")):
        assert "There is no ring of encryption keys" in _manage(home, *way).stderr
    assert _manage(home, "manage.py", "encryption", "create").returncode == 0
    assert _manage(home, "manage.py", "migrate").returncode == 0
    assert _manage(home, "manage.py", "check", "--database", "default").returncode == 0
    (home / "encryption-keys").chmod(0o604)
    for start_up in (["-c", "import portal.wsgi"], ["manage.py", "portal", "run"], ["manage.py", "xds"]):
        refused = _manage(home, *start_up)
        assert refused.returncode != 0
        assert "chmod 600" in refused.stderr
