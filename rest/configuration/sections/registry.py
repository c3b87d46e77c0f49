"""All kinds of entries, each after those that it names."""

from __future__ import annotations

from rest import joined
from rest.configuration.sections.apis import APIS
from rest.configuration.sections.authorities import AUTHORITIES
from rest.configuration.sections.back_ends import BACKENDS
from rest.configuration.sections.certificates import CLIENT_CERTIFICATES, SERVER_CERTIFICATES
from rest.configuration.sections.named_values import NAMED_VALUES
from rest.configuration.sections.policies import POLICY
from rest.configuration.sections.section import Section, Setting
from rest.configuration.sections.sign_in import SIGN_IN
from rest.configuration.sections.subscriptions import SUBSCRIPTIONS

# Back end entities decide over the APIs at their URLs, so they come first and what a file says of an API counts.
_sections: list[Section] = [NAMED_VALUES, CLIENT_CERTIFICATES, SERVER_CERTIFICATES, AUTHORITIES, BACKENDS, APIS, SUBSCRIPTIONS]
_settings: list[Setting] = [POLICY, SIGN_IN]


def register(section: Section, *, before: str = "") -> None:
    """Let files have the entries of *section*, which those of the section *before* may name. Called once, by the app that knows."""
    names = [one.name for one in _sections]
    _sections.insert(names.index(before) if before else len(names), section)


def register_setting(setting: Setting) -> None:
    """Let files have a *setting*. Called once for each, by the app that knows."""
    _settings.append(setting)


def sections() -> tuple[Section, ...]:
    """Return the kinds of entries."""
    joined.complete()
    return tuple(_sections)


def settings() -> tuple[Setting, ...]:
    """Return the settings."""
    joined.complete()
    return tuple(_settings)
