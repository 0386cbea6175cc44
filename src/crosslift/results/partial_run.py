"""Runs that are not finished: what they leave out, and what they are to do."""

from __future__ import annotations

from typing import Any

from crosslift.results.result_record import ResultRecord

UNFINISHED_FILE = "unfinished.json"
"""In the folder of a run from its start to its end."""


class UnfinishedRun(ResultRecord):
    """The content of ``unfinished.json``: what the partial report of a stopped run needs."""

    study: dict[str, Any]
    """The whole study."""
    store: str
    """Path of the store."""
    trust_code: bool
    """Whether artifacts that other code made are taken as they are."""
    lock_place: str | None
    """Path of the study's lock; null: it has none."""
    lock: dict[str, Any] | None
    """Content of the lock."""
    differences: tuple[str, ...]
    """What the study asks otherwise than its lock, in words."""


class PartialRun(ResultRecord):
    """How much of a study is finished, and what the folder leaves out.

    An arm with a seed is one run. The folder holds the arms and seeds that are finished together: every
    arm that it names has every seed that it names.
    """

    finished: int
    """Runs that are finished, of these arms and seeds or of others."""
    planned: int
    """Runs of the whole study."""
    arms: tuple[str, ...]
    """Arms that are left out, because they are not finished."""
    seeds: tuple[int, ...]
    """Seeds that are left out, because they are not finished."""
