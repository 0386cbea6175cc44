"""The settings of a mining job. No torch here: settings are checked without it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.errors import DataError
from crosslift.making.object_encoder import HasEncode, ObjectEncoder
from crosslift.retrieval.margin import Margin
from crosslift.retrieval.margin_mining import Retrieval
from crosslift.sources.line_filters import check_language
from crosslift.sources.text_lines import refuse_missing


def _object(model: Any) -> Any:
    return ObjectEncoder.of(model) if isinstance(model, HasEncode) else model


class MiningSettings(SidePrompts):
    """The texts to mine, the method, and the pairs to write."""

    src: Path
    """One text per line, UTF-8, plain or gzipped."""
    tgt: Path
    model: Annotated[EncoderSettings | InstanceOf[ObjectEncoder], BeforeValidator(_object)]
    """Settings of an encoder, or an object with a method `encode` from N texts to an array [N, D]."""
    out: Path
    """Scored pairs: `score<TAB>src text<TAB>tgt text`, best first; gzipped if it ends with .gz."""
    overwrite: bool = False

    margin: Margin = "ratio"
    k: Annotated[int, Field(ge=1)] = 4
    """Neighbours of each text; a side with fewer texts has as many as it has texts."""
    retrieval: Retrieval = "max"
    search: Literal["auto", "exact", "ivf", "hnsw"] = "auto"

    threshold: float | None = None
    """Lowest score that is written. None: all pairs, or calibrated (`target_precision`)."""
    target_precision: Annotated[float, Field(gt=0, le=1)] | None = None
    """Calibrates the threshold, on `gold` or, if there is none, on stand-in false pairs."""
    gold: Path | None = None
    """True pairs: `src text<TAB>tgt text`."""
    negatives: Annotated[int, Field(ge=1)] = 2000
    """Number of texts whose best candidate is removed, if there is no gold."""
    seed: int = 0
    """Seed of the sample of those texts."""

    min_length: Annotated[int, Field(ge=1)] | None = None
    """Characters."""
    max_length: Annotated[int, Field(ge=1)] | None = None
    """Characters."""
    max_length_ratio: Annotated[float, Field(ge=1)] | None = None
    """Largest ratio of the characters of the longer text of a pair to those of the shorter one."""
    drop_copies: bool = False
    """Leaves out texts that occur in both files."""
    src_language: str | None = None
    """Leaves out src texts that py3langid classifies as another language."""
    tgt_language: str | None = None
    keep_duplicates: bool = False
    """Writes a pair as often as its text occurs in the file where it occurs more often."""


def check_mining(settings: MiningSettings) -> None:
    """Checks the settings of a job before any work.

    Raises:
        DataError: a file is missing, read twice, or both read and written; the output exists;
            settings contradict each other; py3langid is needed and not installed.
        UnknownNameError: a language that py3langid does not know.
    """
    _check_files(settings)
    refuse_output(settings)
    _check_threshold(settings)
    shortest, longest = settings.min_length, settings.max_length
    if shortest is not None and longest is not None and shortest > longest:
        raise DataError(
            f"texts of at least {shortest} and at most {longest} characters",
            "a smallest length of at most the largest",
        )
    for language in (settings.src_language, settings.tgt_language):
        if language is not None:
            check_language(language)


def refuse_output(settings: MiningSettings) -> None:
    """Raises if the output would overwrite an existing file, or its name is not possible."""
    with disk_errors_explained(settings.out):
        exists = settings.out.exists()
    if settings.out.is_dir():
        raise DataError(f"{settings.out} is a folder", "a file to write")
    if exists and not settings.overwrite:
        raise DataError(f"{settings.out} exists", "a new file", "another name, or `--overwrite`")


def same_sides(what: str) -> DataError:
    """The error for two sides with the same texts."""
    return DataError(
        what,
        "texts of two languages in two files",
        "every text would be paired with itself: use the file of the other language",
    )


def _check_files(settings: MiningSettings) -> None:
    read = [settings.src, settings.tgt, *([settings.gold] if settings.gold else [])]
    for path in read:
        refuse_missing(path)
        if settings.out.exists() and settings.out.samefile(path):
            raise DataError(f"{settings.out} is both input and output", "another file to write")
    if settings.src.samefile(settings.tgt):
        raise same_sides(f"{settings.src} and {settings.tgt} are the same file")


def _check_threshold(settings: MiningSettings) -> None:
    if settings.threshold is not None and not math.isfinite(settings.threshold):
        raise DataError(f"the threshold is {settings.threshold}", "a finite number")
    if settings.threshold is not None and settings.target_precision is not None:
        raise DataError(
            f"threshold {settings.threshold} and target precision {settings.target_precision}",
            "one of them: the second calibrates the first",
        )
    if settings.gold is not None and settings.target_precision is None:
        raise DataError(
            f"gold {settings.gold} without a target precision",
            "the precision that the threshold is to reach, such as `--target-precision 0.95`",
        )
