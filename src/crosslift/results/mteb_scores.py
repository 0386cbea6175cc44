"""``mteb.json``: all scores of MTEB, for its own result files."""

from __future__ import annotations

from typing import Any, Literal

from crosslift.results.origins import OfArmOnTarget
from crosslift.results.result_record import ResultRecord

MTEB_FILE = "mteb.json"


class MtebScores(ResultRecord):
    """The scores of one subset of a task of MTEB."""

    task: str
    """Name of the task in MTEB."""
    language: str
    """Language of the subset, or two such as ``de-en``, as in the other results."""
    subset: str
    """Name of the subset in MTEB."""
    split: str
    """The split that is scored."""
    languages: tuple[str, ...]
    """Languages and scripts of the subset, as MTEB writes them: ``deu-Latn``."""
    main_score: str
    """Name of the main score."""
    scores: dict[str, Any]
    """All scores of MTEB by name; null: not a finite number."""
    outcomes: Literal["item", "subset"]
    """Whether `outcomes.parquet` has the outcome of every item of the subset. false: it has only the
    score of the subset, and no interval covers items."""
    dataset_revision: str
    """Revision of the dataset that the task names."""
    mteb_version: str
    """Version of `mteb`."""
    seconds: float
    """Time that the task took."""
    reading: dict[str, Any]
    """How texts were read: pooling, prompts, the maximum number of tokens."""


class MtebScoresOfArm(MtebScores, OfArmOnTarget):
    """The scores of one arm and seed."""
