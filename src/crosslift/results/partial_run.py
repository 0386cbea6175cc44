"""Unfinished runs: what they leave out, and what remains to do."""

from __future__ import annotations

from typing import Any

from crosslift.results.result_record import ResultRecord

UNFINISHED_FILE = "unfinished.json"
"""File in the folder of a run, from its start to its end."""


class UnfinishedRun(ResultRecord):
    """The content of ``unfinished.json``: what the partial report of a stopped run needs."""

    study: dict[str, Any]
    """The whole study."""
    store: str
    """Path of the store."""
    trust_code: bool
    """Whether the run uses artifacts that other code made."""
    lock_place: str | None
    """Path of the study's lock; null: the study has none."""
    lock: dict[str, Any] | None
    """Content of the lock."""
    differences: tuple[str, ...]
    """How the study differs from its lock, in words."""


class PartialRun(ResultRecord):
    """The finished and the unfinished part of a study.

    An arm with a seed is one run. The folder holds a complete grid: every arm in it has finished every
    seed in it.
    """

    finished: int
    """Number of finished runs, including those that the folder leaves out."""
    planned: int
    """Number of runs of the whole study."""
    arms: tuple[str, ...]
    """Arms that the folder leaves out because they are not finished."""
    seeds: tuple[int, ...]
    """Seeds that the folder leaves out because they are not finished."""
