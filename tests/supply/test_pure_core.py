"""What says of itself that it is pure is held to it, and what is held to it says so."""

from __future__ import annotations

import ast
import tomllib

from tests.changed import PROJECT

CONTRACT = "The pure core knows neither Django nor requests"
ROOMS = ("apis", "certificates", "demo", "gateway", "kit", "notices", "portal", "rest", "supply")


def _contract() -> list[str]:
    configuration = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    (found,) = (one for one in configuration["tool"]["importlinter"]["contracts"] if one["name"] == CONTRACT)
    return list(found["source_modules"])


def _modules() -> dict[str, bool]:
    """Return the modules of the product, and whether each says that it is pure."""
    found = {}
    for room in ROOMS:
        for file in sorted((PROJECT / room).rglob("*.py")):
            name = ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
            told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            found[name] = any(line.endswith("[pure]") for line in told.splitlines())
    return found


def test_the_mark_and_the_contract_name_the_same_modules() -> None:
    modules, held = _modules(), _contract()
    assert set(held) <= set(modules), "a module of the contract is not there"
    marked = {name for name, is_pure in modules.items() if is_pure}
    covered = {name for name in modules if any(name == one or name.startswith(f"{one}.") for one in held)}
    assert {"marked alone": sorted(marked - covered), "held alone": sorted(covered - marked)} == {"marked alone": [], "held alone": []}
