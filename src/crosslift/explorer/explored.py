"""What the explorer shows of one run, or of two runs that measured the same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.errors import DataError
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.projections import PROJECTIONS_FILE
from crosslift.results.query_texts import TEXTS_FILE
from crosslift.results.run_folder import OUTCOMES_FILE, RunFolder, read_outcomes
from crosslift.results.score_rows import CurvePoint, Score
from crosslift.results.target_facts import TargetFacts
from crosslift.results.thumbnails import THUMBNAILS_FILE
from crosslift.results.verdict import Verdict
from crosslift.sources.formats.parquet_rows import parquet_faults

_KEYS = ("arm", "seed", "target", "protocol", "language", "item")
_EARLIER = (
    (
        "texts",
        "The run has no texts of queries and answers: an earlier version wrote it. Items are shown "
        "by their ids.",
    ),
    (
        "found",
        "The run kept only the first answer of each query: an earlier version wrote it, or its targets "
        "rank no candidates.",
    ),
    (
        "projections",
        "The run has no map of vectors: an earlier version wrote it, or no vectors were kept.",
    ),
)


@dataclass(frozen=True)
class Explored:
    """The results that a page shows.

    Args:
        runs: names of the studies.
        title: title of the page.
        question: question of the study; None for two studies.
        version: version of CrossLift that ran them.
        arms: arms in the order of the report.
        run_of: arm -> its run, if there are two.
        targets: targets that are shown.
        protocols: id of a protocol -> its facts.
        outcomes: table of outcomes; docs/json.md describes all tables.
        found: table of found answers; None: no run kept more than the first answer.
        texts: table of texts; None: no run has texts.
        thumbnails: table of small pictures; None: no pictures.
        projections: table of maps of vectors; None: no map.
        scores: scores of all arms.
        verdicts: verdicts of all arms.
        curves: curves of all arms.
        notes: what is missing, in words.
        also_compared: pairs of arms that a page compares, beside each arm with its baseline.
    """

    runs: tuple[str, ...]
    title: str
    question: str | None
    version: str
    arms: tuple[ArmFacts, ...]
    run_of: Mapping[str, str]
    targets: tuple[TargetFacts, ...]
    protocols: Mapping[str, Mapping[str, Any]]
    outcomes: pa.Table
    found: pa.Table | None
    texts: pa.Table | None
    thumbnails: pa.Table | None
    projections: pa.Table | None
    scores: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    curves: tuple[CurvePoint, ...]
    notes: tuple[str, ...]
    also_compared: tuple[tuple[str, str], ...] = ()

    @property
    def compared(self) -> list[tuple[int, int]]:
        """Places of the arms that a page compares: each arm with its baseline, an arm with its control,
        and further pairs."""
        place = {arm.name: i for i, arm in enumerate(self.arms)}
        pairs = [(arm.name, arm.baseline) for arm in self.arms]
        pairs += [(arm.control_of, arm.name) for arm in self.arms if arm.control_of is not None]
        pairs += self.also_compared
        return [
            (place[one], place[other])
            for one, other in dict.fromkeys(pairs)
            if one != other and one in place and other in place
        ]

    @classmethod
    def read(cls, path: Path) -> Explored:
        """Reads the results of a run.

        Args:
            path: the folder of the run.

        Raises:
            DataError: a file is missing or damaged.
        """
        run = RunFolder.read(path)
        outcomes = read_outcomes(path)
        missing = [
            name for name in (*_KEYS, "retrieved", "clean") if name not in outcomes.column_names
        ]
        if missing:
            raise DataError(f"{path / OUTCOMES_FILE} lacks the columns {', '.join(missing)}")
        tables = {
            "found": run.found_answers,
            "texts": _optional(path / TEXTS_FILE),
            "projections": _optional(path / PROJECTIONS_FILE),
        }
        notes = [words for name, words in _EARLIER if tables[name] is None]
        if not len(outcomes):
            notes.insert(0, "The run has no items: no query of any target has an outcome.")
        if run.run.partial is not None:
            notes.append("The run is not finished: the page shows what is there.")
        notes += [f"The run left out the arm {failure.arm}." for failure in run.run.failed]
        return cls(
            runs=(run.run.study,),
            title=run.run.study,
            question=run.run.question or None,
            version=run.run.version,
            arms=run.run.arms,
            run_of={},
            targets=run.run.targets,
            protocols=run.run.protocols,
            outcomes=outcomes,
            thumbnails=_optional(path / THUMBNAILS_FILE),
            scores=run.scores,
            verdicts=run.verdicts,
            curves=run.curves,
            notes=tuple(notes),
            found=tables["found"],
            texts=tables["texts"],
            projections=tables["projections"],
        )


def _optional(path: Path) -> pa.Table | None:
    if not path.is_file():
        return None
    with parquet_faults(path):
        return pq.read_table(path)
