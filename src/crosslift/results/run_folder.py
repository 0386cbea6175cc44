"""The folder of a run: read once, checked, and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.artifacts.files import sha256_of_file
from crosslift.errors import DataError, UnknownNameError
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.example import EXAMPLES_FILE, Example
from crosslift.results.found_answers import read_found_answers
from crosslift.results.frames import AsFrame, Library, Outcomes, rows_of
from crosslift.results.query_texts import with_texts
from crosslift.results.result_record import RUN_AGAIN, from_json, parse_json_file, read_json_file
from crosslift.results.run_facts import RUN_FILE, SCHEMA, RunFacts
from crosslift.results.score_rows import (
    CURVES_FILE,
    RESULTS_FILE,
    CurvePoint,
    Score,
    read_rows,
)
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import VERDICTS_FILE, Verdict
from crosslift.sources.formats.parquet_rows import parquet_faults
from crosslift.wording import plural

OUTCOMES_FILE = "outcomes.parquet"
REPORT = "report.html"
EXPLORER_PAGE = "explorer.html"

FILES = (
    RUN_FILE,
    VERDICTS_FILE,
    EXAMPLES_FILE,
    RESULTS_FILE,
    "results.csv",
    OUTCOMES_FILE,
    CURVES_FILE,
)
"""Files that every run folder has."""
_SUMMED = (RESULTS_FILE, CURVES_FILE, VERDICTS_FILE, EXAMPLES_FILE)
"""Files that every report reads, whose checksums ``run.json`` holds."""
_KINDS: Mapping[str, type[Any]] = {
    "scores": Score,
    "curves": CurvePoint,
    "verdicts": Verdict,
    "examples": Example,
}
"""Attribute of a run folder that is a table -> class of its rows."""


@dataclass(frozen=True)
class RunFolder:
    """The results of a run. Scores, curves, verdicts and examples are tuples of records, and tables:
    `to_arrow`, `to_pandas` and `to_polars` of each give one row for each record.

    Args:
        path: the folder.
        run: the facts of ``run.json``: question, arms, targets, protocols, environments, steps.
        scores: every row of ``results.parquet``.
        curves: every point of the learning curves.
        verdicts: every comparison, in the order of the file.
        examples: queries with the answers of every arm.
    """

    path: Path
    run: RunFacts
    scores: tuple[Score, ...]
    curves: tuple[CurvePoint, ...]
    verdicts: tuple[Verdict, ...]
    examples: tuple[Example, ...]

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, rows_of(kind, getattr(self, name)))

    @cached_property
    def outcomes(self) -> Outcomes:
        """The outcome of every query of every arm, seed, target and protocol, with the texts of the
        query (``query_text``), of the right answer (``right_text``) and of what the arm retrieved
        (``retrieved_text``); null: a picture, or a kind of target that shows no single queries."""
        return Outcomes(lambda: with_texts(read_outcomes(self.path), self.path))

    @cached_property
    def found_answers(self) -> pa.Table | None:
        """The five best answers of every query, with their scores, of each arm, seed, target and
        protocol whose queries rank candidates. None: a run of an earlier version."""
        return read_found_answers(self.path)

    def __repr__(self) -> str:
        arms = plural(len(self.run.arms), "arm")
        targets = plural(len(self.run.targets), "target")
        return f"RunFolder({str(self.path)!r}: study {self.run.study!r}, {arms}, {targets})"

    def frame(
        self,
        table: Literal["scores", "verdicts", "curves", "examples", "outcomes"],
        library: Library | None = None,
    ) -> Any:
        """A table of the run as a data frame with one row for each record.

        Args:
            table: name of the attribute.
            library: ``pandas``, ``polars`` or ``pyarrow``. None: the first of them that is installed.

        Raises:
            UnknownNameError: another table or library.
            DataError: the library is not installed; or, for ``outcomes``, a file is missing or damaged.
        """
        if table not in (*_KINDS, "outcomes"):
            raise UnknownNameError("table of a run", table, (*_KINDS, "outcomes"))
        rows: AsFrame = getattr(self, table)
        return rows.frame(library)

    @classmethod
    def read(cls, path: Path | str) -> RunFolder:
        """Reads and checks a run folder.

        Args:
            path: the folder that a run left.

        Raises:
            DataError: a file is missing, has another schema version, is malformed, or changed since the
                run wrote it.
            UnknownNameError: a row names an arm or a target that ``run.json`` does not.
        """
        path = Path(path)
        _require_files(path)
        run = _read_run(path / RUN_FILE)
        _check_sums(path, run.checksums)
        folder = cls(
            path=path,
            run=run,
            scores=read_rows(path / RESULTS_FILE, Score),
            curves=read_rows(path / CURVES_FILE, CurvePoint),
            verdicts=read_json_file(path / VERDICTS_FILE, tuple[Verdict, ...]),
            examples=read_json_file(path / EXAMPLES_FILE, tuple[Example, ...]),
        )
        _check_names(folder)
        return folder

    def arm(self, name: str) -> ArmFacts:
        """The arm called ``name``; raises UnknownNameError if there is none."""
        for arm in self.run.arms:
            if arm.name == name:
                return arm
        raise UnknownNameError("arm", name, [arm.name for arm in self.run.arms])

    def target(self, name: str) -> TargetFacts:
        """The target called ``name``; raises UnknownNameError if there is none."""
        for target in self.run.targets:
            if target.name == name:
                return target
        raise UnknownNameError("target", name, [target.name for target in self.run.targets])

    def comparison(self, arm: str, against: str, target: TargetFacts) -> Verdict | None:
        """The verdict of two arms on a target's primary score, over all its queries.

        A verdict on the two arms in the other order is turned. Returns None if they were not compared.
        """
        score = (target.name, target.metric, target.protocol, "all")
        for verdict in self.verdicts:
            if (verdict.target, verdict.metric, verdict.protocol, verdict.subset) != score:
                continue
            if (verdict.arm, verdict.against) == (arm, against):
                return verdict
            if (verdict.arm, verdict.against) == (against, arm):
                return verdict.turned()
        return None

    def against_baseline(self, arm: str, target: TargetFacts) -> Verdict | None:
        """The verdict of ``arm`` against its own baseline; returns None if there is none."""
        return self.comparison(arm, self.arm(arm).baseline, target)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The arms with which others are compared, in the order of the arms: one for each start. Only
        the study's baseline if no arm is compared with another.
        """
        names = {arm.baseline for arm in self.run.arms if arm.baseline != arm.name}
        compared = tuple(arm.name for arm in self.run.arms if arm.name in names)
        return compared or (self.run.baseline,)


def _require_files(path: Path) -> None:
    if not path.is_dir():
        raise DataError(f"no run folder at {path}", "the folder that `crosslift run` left")
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise DataError(
            f"the run folder {path} lacks {', '.join(missing)}", ", ".join(FILES), RUN_AGAIN
        )


def checksums_of(folder: Path) -> dict[str, str]:
    """Name -> SHA-256 of the files that every report reads, as ``run.json`` holds them."""
    return {name: sha256_of_file(folder / name) for name in _SUMMED}


def _check_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Finds damage, and a folder that only partly replaced an earlier one.

    It runs before pyarrow reads anything: damaged parquet files can make pyarrow abort the process.
    """
    for name in _SUMMED:
        if name in sums and (checksum := sha256_of_file(folder / name)) != sums[name]:
            raise DataError(
                f"{folder / name} is not as the run left it: its SHA-256 is {checksum}",
                sums[name],
                RUN_AGAIN,
            )


def _read_run(path: Path) -> RunFacts:
    content = parse_json_file(path)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise DataError(
            f"{path} has schema {schema!r}",
            f"schema {SCHEMA}",
            "make the report with the version of CrossLift that ran the study, or run it again",
        )
    return from_json(content, RunFacts, str(path))


def _check_names(folder: RunFolder) -> None:
    arms = {arm.name for arm in folder.run.arms}
    targets = {target.name for target in folder.run.targets}
    arms_mentioned = {folder.run.baseline, *(arm.baseline for arm in folder.run.arms)}
    arms_mentioned |= {arm.control_of for arm in folder.run.arms if arm.control_of is not None}
    arms_mentioned |= {score.arm for score in folder.scores} | {
        point.arm for point in folder.curves
    }
    arms_mentioned |= {
        name for verdict in folder.verdicts for name in (verdict.arm, verdict.against)
    }
    arms_mentioned |= {answer.arm for example in folder.examples for answer in example.answers}
    for name in sorted(arms_mentioned - arms):
        raise UnknownNameError("arm", name, arms)
    measured = {score.target for score in folder.scores}
    measured |= {verdict.target for verdict in folder.verdicts}
    measured |= {example.target for example in folder.examples}
    for name in sorted(measured - targets):
        raise UnknownNameError("target", name, targets)


def read_outcomes(folder: Path) -> pa.Table:
    """``outcomes.parquet`` of a run: one row for each query, arm, seed, target and protocol.

    Raises:
        DataError: the file is missing or damaged.
    """
    with parquet_faults(folder / OUTCOMES_FILE):
        return pq.read_table(folder / OUTCOMES_FILE)
