"""Downloading CLDR's emoji names from an npm registry into the user's cache."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.files import folder_written_whole
from crosslift.errors import DataError
from crosslift.sources.cldr.find_names import VERSION, fetched_folder

REGISTRY = "https://registry.npmjs.org"
_TIMEOUT_SECONDS = 60


class Package(NamedTuple):
    """An npm package of CLDR.

    Args:
        name: name on the registry.
        sha256: SHA-256 of its archive, hexadecimal.
        size: size of its archive, in bytes.
    """

    name: str
    sha256: str
    size: int


PACKAGES = (
    Package(
        "cldr-annotations-full",
        "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
        6_537_823,
    ),
    Package(
        "cldr-annotations-derived-full",
        "4be946ff5815f806ec78b50363d577a769f2fbfb90c6380a44e161a92436996e",
        4_233_628,
    ),
)
"""The names that people chose, and those that CLDR derives from them (flags, keycaps, families)."""


def fetch_cldr(registry: str = REGISTRY, packages: tuple[Package, ...] = PACKAGES) -> Path:
    """Downloads CLDR's names, unless they already exist.

    Args:
        registry: address of an npm registry.
        packages: packages to download.

    Returns:
        The folder of the names in the user's cache; it appears whole or not at all.

    Raises:
        DataError: a package cannot be downloaded, has another checksum, or is a broken archive.
        ArtifactError: the folder cannot be written.
    """
    place = fetched_folder()
    if not place.exists():
        with folder_written_whole(place) as draft:
            for package in packages:
                _unpack(_download(registry, package), draft / package.name, package.name)
    return place


def _download(registry: str, package: Package) -> bytes:
    base = registry.rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise DataError(f"registry {registry!r}", "an address that begins with https://")
    address = f"{base}/{package.name}/-/{package.name}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
            data: bytes = answer.read(package.size + 1)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{address} cannot be downloaded: {error}",
            "an npm registry",
            "give another with --registry, or name a folder with CLDR's names: cldr:PATH",
        ) from error
    checksum = hashlib.sha256(data).hexdigest()
    if checksum != package.sha256:
        raise DataError(
            f"checksum mismatch: {address} has SHA-256 {checksum}",
            package.sha256,
            "try again, or give another registry",
        )
    return data


def _unpack(data: bytes, folder: Path, name: str) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            archive.extractall(folder, filter="data")  # refuses paths and links that lead outside
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"the archive of {name} cannot be unpacked: {error}") from error
