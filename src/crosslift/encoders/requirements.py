"""The versions of packages that a model folder requires."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from crosslift.errors import EncoderError

_NAMES = {"pytorch": "torch"}
_PACKAGES = ("peft", "safetensors", "tokenizers", "torch", "transformers")
"""The packages that make vectors; requirements of other packages are ignored."""


def check_requirement(name: str, required: object, path: Path) -> None:
    """Compares a version that a folder requires with the installed one.

    Args:
        name: name of the package.
        required: a version specifier (``>=5.2``), or an object that has one as ``specifier``.
        path: the file that requires it.

    Raises:
        EncoderError: another version is installed, or the requirement cannot be read.
    """
    name = _NAMES.get(name, name)
    if name not in _PACKAGES:
        return
    specifier = required.get("specifier") if isinstance(required, Mapping) else required
    try:
        legal = SpecifierSet(str(specifier), prereleases=True)
    except InvalidSpecifier as error:
        raise EncoderError(f"{path}: requirements of {name}: {specifier!r}", ">=1.0") from error
    installed = version(name)
    if not legal.contains(installed):
        raise EncoderError(
            f"{path} requires {name} {specifier}; {installed} is installed",
            remedy=f"pip install '{name}{specifier}'",
        )
