"""What must be there before the portal serves: its home, secrets, tables, translations, static files, the first administrator.

Each step does what is missing, and returns a sentence if it did something. All may run again at any time.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import shlex
import string
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal import database, identity, private_files, schema
from portal.administrators import administrators, administrators_with_password, changing_administrators
from portal.characters import shown
from portal.environment import read
from portal.font import compile_font
from portal.people.actions import note_added
from portal.roles import ADMINISTRATORS
from portal.translations import compile_translations

DEFAULT_ADMINISTRATOR = "admin"


def private_home() -> str | None:
    """Make ``PORTAL_HOME``, readable by its owner only."""
    home: Path = settings.PORTAL_HOME
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
        return f"Made {home}, where everything is kept."
    if home.stat().st_mode & 0o077:
        home.chmod(0o700)
        return f"Closed {home} to others."
    return None


def secret_key() -> str | None:
    """Make the key that signs sessions, unless there is one.

    :raises ImproperlyConfigured: if there is half of one
    """
    if broken := identity.cut_off():
        raise ImproperlyConfigured(broken)
    if settings.SECRET_KEY_FILE.exists() or read("PORTAL_SECRET_KEY"):
        return None
    write_private(settings.SECRET_KEY_FILE, secrets.token_urlsafe(64))
    return "Made the secret key."


def encryption_keys() -> str | None:
    """Make the ring of keys that seal private keys and passwords, unless there is one."""
    if settings.ENCRYPTION_KEYS or settings.ENCRYPTION_KEYS_FILE.exists():
        return None
    call_command("encryption", "create", stdout=io.StringIO())  # by name: the floor knows no other room
    return f"Made the encryption keys in {settings.ENCRYPTION_KEYS_FILE}. Keep a copy elsewhere: without them no private key opens."


def database_is_ours() -> None:
    """Look whether the database was lost: this home holds keys, and the database nothing.

    :raises ImproperlyConfigured: if so
    """
    keys = (settings.SECRET_KEY_FILE, Path(settings.PORTAL_HOME) / "encryption-keys", identity.marker())
    if any(file.exists() for file in keys) and database.is_empty():
        raise ImproperlyConfigured(identity.lost_database())


def belonging() -> None:
    """Remember which database this home has, and let the database keep what all its portals share.

    :raises ImproperlyConfigured: if it is another one than before
    """
    try:
        identity.keep()
    except identity.OtherDatabase as error:
        raise ImproperlyConfigured(str(error)) from error


def tables() -> str | None:
    """Bring the database to the newest migration.

    :raises ImproperlyConfigured: if that cannot be, because tables that earlier ones have made are not there
    """
    connection.prepare_database()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return None
    try:
        call_command("migrate", interactive=False, verbosity=0, database=DEFAULT_DB_ALIAS)
    except DatabaseError:
        if lost := schema.refusal_of_lost():
            raise ImproperlyConfigured(lost) from None
        raise
    return f"Applied {len(plan)} database migrations."


def sound_tables() -> None:
    """Look whether the tables are those that the migrations make.

    :raises ImproperlyConfigured: if they are others
    """
    if wrong := schema.refusal():
        raise ImproperlyConfigured(wrong)


def translations() -> str | None:
    """Compile the translations whose source has changed."""
    languages = compile_translations(settings.TRANSLATIONS, Path(settings.PORTAL_HOME) / "locale")
    return f"Compiled the translations: {', '.join(languages)}." if languages else None


def static_files() -> str | None:
    """Collect, hash and compress the style sheets, scripts, icons and the typeface, if any of them has changed."""
    compile_font(settings.FONTS)
    root: Path = settings.STATIC_ROOT
    stamp = root / ".collected"
    wanted = _fingerprint_of_static_files()
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    call_command("collectstatic", interactive=False, verbosity=0)  # those of the version before stay: its portals may still name them
    stamp.write_text(wanted)
    return "Collected the static files."


def first_administrator() -> str | None:
    """Make an administrator if nobody can administer; an account that is there is not touched, but a sentence says what to do.

    Company accounts administer, too; that none has a password is said.

    Whoever was deactivated or lost the role may have been for a reason, and a start is nobody's decision to undo it.
    The name is ``PORTAL_ADMIN_USER`` (``admin``), the password ``PORTAL_ADMIN_PASSWORD`` or a random one, kept in a private file.

    :raises ImproperlyConfigured: if the password is one that nobody may have
    """
    with changing_administrators():
        if administrators_with_password().exists():
            return None
        if by_company := administrators().order_by("username").first():
            return _how_to_have_a_password(by_company)
        name = read("PORTAL_ADMIN_USER") or DEFAULT_ADMINISTRATOR
        if there := User.objects.filter(username__iexact=name).first():
            return _how_to_restore(there)
        if password := read("PORTAL_ADMIN_PASSWORD"):
            _require_good(password, name)
        else:
            password = readable_password()
            write_private(administrator_password_file(), password)
        user = User.objects.create_superuser(name, password=password)
        user.groups.add(Group.objects.get(name=ADMINISTRATORS))
        note_added(user, by=None, now=timezone.now())
    return f"Made the first administrator, {name}."


def _how_to_restore(person: User) -> str:
    name = shown(person.get_username())
    lacks = "is deactivated" if not person.is_active else "is no Administrator, or has no password"
    return (
        f"Nobody can administer the portal: {name} {lacks}. To make {name} an active Administrator with a new password: "
        f"`manage.py people restore-administrator {shlex.quote(name)}`, the password on standard input. "
        "To make another one: set PORTAL_ADMIN_USER to a new name and start again."
    )


def _how_to_have_a_password(person: User) -> str:
    name = shown(person.get_username())
    return (
        "Company accounts alone administer the portal: should their provider be away, nobody can. To give one a password: "
        f"`manage.py people restore-administrator {shlex.quote(name)}`, the password on standard input."
    )


def _require_good(password: str, name: str) -> None:
    """Refuse what nobody may have as a password."""
    try:
        validate_password(password, User(username=name))
    except ValidationError as refused:
        reason = f"PORTAL_ADMIN_PASSWORD is refused, and no administrator was made: {' '.join(refused.messages)}"
        raise ImproperlyConfigured(reason) from None


def administrator_password_file() -> Path:
    """Return where the generated password of the first administrator is kept."""
    return Path(settings.PORTAL_HOME) / "administrator-password"


def generated_administrator() -> tuple[str, str] | None:
    """Return name and password of the first administrator while the generated password is still in force."""
    file = administrator_password_file()
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None or not file.exists():
        return None
    password = file.read_text(encoding="utf-8")
    return (user.get_username(), password) if user.check_password(password) else None


def readable_password() -> str:
    """Return a random password that is easy to type: 80 bits, in groups of four."""
    letters = "".join(secrets.choice(string.ascii_lowercase + "234567") for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all.

    :raises ImproperlyConfigured: if it cannot be written
    """
    try:
        private_files.write(path, content.encode())
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be written: {error.strerror}.") from error


def _fingerprint_of_static_files() -> str:
    """Return a digest of which static files there are, and of what they hold: dates and folders differ where an image is unpacked."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            content = Path(storage.path(name)).read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
