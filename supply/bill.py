"""`make sbom`: the product's bill of materials as CycloneDX JSON: each component, its licence, what it needs, the hashes of its files."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as Entry
from cyclonedx.model.component import ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

import install
from portal import __version__
from supply.distributions import Component, of_the_product
from supply.lock import PRODUCT


def main() -> None:
    """Write it to standard output."""
    lock = install.lock_of(PRODUCT).read_text(encoding="utf-8")
    sys.stdout.write(bill(of_the_product(), hashes_in(lock)) + "\n")


def bill(components: Iterable[Component], hashes: dict[str, list[str]]) -> str:
    """Return the bill of *components* with the SHA-256 *hashes* of their files, by name."""
    project = tomllib.loads((install.HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    product = Entry(type=ComponentType.APPLICATION, name=project["name"], version=__version__)
    bom = Bom()
    bom.metadata.component = product
    entries = {component.name: _entry(component, hashes.get(component.name, [])) for component in components}
    bom.components.update(entries.values())
    bom.register_dependency(product, entries.values())
    for component in components:
        bom.register_dependency(entries[component.name], (entries[name] for name in component.needs))
    return JsonV1Dot6(bom).output_as_string(indent=2)


def hashes_in(lock: str) -> dict[str, list[str]]:
    """Return the SHA-256 hashes that a lock file gives for the files of each distribution."""
    pinned = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    return {one.partition("==")[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})", one) for one in pinned}


def _entry(component: Component, hashes: Iterable[str]) -> Entry:
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{component.name}/{component.version}/#files"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
    )
    address = PackageURL("pypi", name=component.name, version=component.version)
    return Entry(
        type=ComponentType.LIBRARY,
        name=component.name,
        version=component.version,
        bom_ref=str(address),
        purl=address,
        licenses=[LicenseFactory().make_from_string(component.licence)],
        external_references=[files],
    )


if __name__ == "__main__":
    main()
