"""Which policies may stand where, for those who write documents. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from apis.policy.model import SECTIONS
from apis.policy.reader import BASE, RULE_KINDS, Scope
from apis.policy.statements import STATEMENTS


def vocabulary(scope: Scope) -> Mapping[str, list[str]]:
    """Return the names of the policies that each section of a document of *scope* may hold."""
    return {section: [BASE, *sorted([*_statements(section), *_rules(section, scope)])] for section in SECTIONS}


def _statements(section: str) -> list[str]:
    return [name for name, kind in STATEMENTS.items() if section in kind.sections]


def _rules(section: str, scope: Scope) -> list[str]:
    return [name for name, kind in RULE_KINDS.items() if kind.section == section and scope in kind.scopes]
