"""The folder that a run leaves, read once, checked, and typed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from crosslift.artifacts.files import sha256_of_file
from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError, UnknownNameError
from crosslift.reports.entries import Arm, CurvePoint, Example, RunFacts, Score, Target, Verdict
from crosslift.sources.formats.parquet_rows import opened
from crosslift.statistics.judgements import opposite

SCHEMA = 2
FILES = (
    "run.json",
    "verdicts.json",
    "examples.json",
    "results.parquet",
    "results.csv",
    "outcomes.parquet",
    "curves.parquet",
)
_SUMMED = ("results.parquet", "curves.parquet", "verdicts.json", "examples.json")
"""Files that every report is made of, whose checksums ``run.json`` holds."""

_AGAIN = "run the study again with this version; finished steps are not repeated"
_COLUMN_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64()}
Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class RunFolder:
    """Everything a report tells, as the run left it.

    Args:
        path: the folder.
        run: the facts of ``run.json``: question, arms, targets, protocols, environments, steps.
        scores: every row of the results.
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

    @classmethod
    def read(cls, path: Path) -> RunFolder:
        """Read and check a run folder.

        Args:
            path: the folder that a run left.

        Returns:
            The typed view.

        Raises:
            DataError: a file is missing, of another schema version, not what it should be, or changed
                since the run wrote it.
            UnknownNameError: a row names an arm or a target that ``run.json`` does not.
        """
        _require_files(path)
        run = _read_run(path / "run.json")
        _check_sums(path, run.checksums)
        folder = cls(
            path=path,
            run=run,
            scores=_read_rows(path / "results.parquet", Score),
            curves=_read_rows(path / "curves.parquet", CurvePoint),
            verdicts=_read_json(path / "verdicts.json", tuple[Verdict, ...]),
            examples=_read_json(path / "examples.json", tuple[Example, ...]),
        )
        _check_names(folder)
        return folder

    def arm(self, name: str) -> Arm:
        """The arm called ``name``; raises UnknownNameError where there is none."""
        for arm in self.run.arms:
            if arm.name == name:
                return arm
        raise UnknownNameError("arm", name, [arm.name for arm in self.run.arms])

    def target(self, name: str) -> Target:
        """The target called ``name``; raises UnknownNameError where there is none."""
        for target in self.run.targets:
            if target.name == name:
                return target
        raise UnknownNameError("target", name, [target.name for target in self.run.targets])

    def comparison(self, arm: str, against: str, target: Target) -> Verdict | None:
        """The verdict of two arms on a target's primary score, over all its queries.

        A verdict written the other way round is turned. None where the two were not compared.
        """
        wanted = (target.name, target.metric, target.protocol, "all")
        for verdict in self.verdicts:
            if (verdict.target, verdict.metric, verdict.protocol, verdict.subset) != wanted:
                continue
            if (verdict.arm, verdict.against) == (arm, against):
                return verdict
            if (verdict.arm, verdict.against) == (against, arm):
                return _turned(verdict)
        return None

    def against_baseline(self, arm: str, target: Target) -> Verdict | None:
        """The verdict of ``arm`` against its own baseline; None where there is none."""
        return self.comparison(arm, self.arm(arm).baseline, target)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The arms that others are compared with, in the order of the arms: one for each start that
        has one. The study's baseline alone where no arm is compared with another.
        """
        named = {arm.baseline for arm in self.run.arms if arm.baseline != arm.name}
        found = tuple(arm.name for arm in self.run.arms if arm.name in named)
        return found or (self.run.baseline,)


def _turned(verdict: Verdict) -> Verdict:
    return verdict.model_copy(
        update={
            "arm": verdict.against,
            "against": verdict.arm,
            "effect": -verdict.effect,
            "low": -verdict.high,
            "high": -verdict.low,
            "verdict": opposite(verdict.verdict),
        }
    )


def _require_files(path: Path) -> None:
    if not path.is_dir():
        raise DataError(f"no run folder at {path}", "the folder that `crosslift run` left")
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise DataError(
            f"the run folder {path} lacks {', '.join(missing)}", ", ".join(FILES), _AGAIN
        )


def sums_of(folder: Path) -> dict[str, dict[str, str]]:
    """The entry of ``run.json`` with the SHA-256 of the files that every report is made of."""
    return {"checksums": {name: sha256_of_file(folder / name) for name in _SUMMED}}


def _check_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Finds damage, and a folder that was written halfway over that of an earlier run.

    It comes before pyarrow reads anything: damaged parquet files can make it abort the process.
    """
    for name in _SUMMED:
        if name in sums and (checksum := sha256_of_file(folder / name)) != sums[name]:
            raise DataError(
                f"{folder / name} is not as the run left it: its SHA-256 is {checksum}",
                sums[name],
                _AGAIN,
            )


def _load_json(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", remedy=_AGAIN) from error
    return parse_json(content, str(path), remedy=_AGAIN)


def _read_run(path: Path) -> RunFacts:
    content = _load_json(path)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise DataError(
            f"{path} has schema {schema!r}",
            f"schema {SCHEMA}",
            "make the report with the version of CrossLift that ran the study, or run it again",
        )
    return validated(str(path), content, RunFacts)


def _read_json(path: Path, kind: type[Loaded]) -> Loaded:
    return validated(str(path), _load_json(path), kind)


def read_optional(path: Path) -> Any:
    """The content of a JSON file that a folder may lack; None where it does.

    Raises:
        DataError: the file is not JSON.
    """
    return _load_json(path) if path.is_file() else None


def validated(name: str, content: Any, kind: type[Loaded]) -> Loaded:
    """``content`` as ``kind``; ``name`` is what the message of a DataError calls it."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise DataError(f"{name} is not what it should be: {error}", remedy=_AGAIN) from error


def _read_rows(path: Path, kind: type[Any]) -> tuple[Any, ...]:
    wanted = pa.schema([(n, _COLUMN_TYPES[t]) for n, t in get_type_hints(kind).items()])
    table = _read_table(path, wanted)
    rows = zip(*(table[name].to_pylist() for name in wanted.names), strict=True)
    entries = tuple(kind(*row) for row in rows)
    for row in entries:
        if None in row:
            raise DataError(f"{path} lacks a value in {row}", "whole rows", _AGAIN)
        if not math.isfinite(row.value):
            raise DataError(f"{path} holds the value {row.value} in {row}", "a finite number")
    return entries


def _read_table(path: Path, wanted: pa.Schema) -> pa.Table:
    try:
        file = opened(path)
        present = file.schema_arrow.names
        missing = [name for name in wanted.names if name not in present]
        if missing:
            raise DataError(
                f"{path} lacks the columns {', '.join(missing)}", ", ".join(wanted.names), _AGAIN
            )
        return file.read(columns=wanted.names).select(wanted.names).cast(wanted)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", "a parquet file", _AGAIN) from error


def _check_names(folder: RunFolder) -> None:
    arms = {arm.name for arm in folder.run.arms}
    targets = {target.name for target in folder.run.targets}
    named = {folder.run.baseline, *(arm.baseline for arm in folder.run.arms)}
    named |= {arm.control_of for arm in folder.run.arms if arm.control_of is not None}
    named |= {score.arm for score in folder.scores} | {point.arm for point in folder.curves}
    named |= {name for verdict in folder.verdicts for name in (verdict.arm, verdict.against)}
    named |= {answer.arm for example in folder.examples for answer in example.answers}
    for name in sorted(named - arms):
        raise UnknownNameError("arm", name, arms)
    aimed = {score.target for score in folder.scores}
    aimed |= {verdict.target for verdict in folder.verdicts}
    aimed |= {example.target for example in folder.examples}
    for name in sorted(aimed - targets):
        raise UnknownNameError("target", name, targets)
