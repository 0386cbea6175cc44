"""Vectors of a run in two dimensions, so that arms can be compared point by point.

The plane of a target is fitted once: the first two principal components of the unit vectors of a
sample of contents, as the baseline's first seed has them; as the first arm has them where the baseline
has no scores, such as on pictures. The vectors of every other arm that starts where the baseline does
are projected by the same map, so a point that moves shows a vector that moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.analysis.collect import Gathered
from crosslift.making.evaluate import vectors_behind
from crosslift.planning.plan import ArmRun
from crosslift.results.projections import SCHEMA
from crosslift.retrieval.similarity import unit_rows
from crosslift.targets.target_data import ExampleItem

_CONTENTS = 2000
"""Contents of a target's sample: half are queries, half are their right answers."""
_NEIGHBOURS = 10


class Plane(NamedTuple):
    """A plane that vectors are projected onto.

    Args:
        mean: float64 [D], the origin.
        axes: float64 [D, 2].
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def fitted(cls, units: NDArray[np.float32]) -> Plane:
        """The plane of the first two principal components of unit vectors [N, D]; the second axis is 0
        with D = 1. The largest entry of each axis is positive."""
        wide = units.astype(np.float64)
        mean = wide.mean(axis=0)
        centred = wide - mean
        _, rising = np.linalg.eigh(centred.T @ centred)
        axes = np.zeros((len(mean), 2))
        first = rising[:, ::-1][:, :2]
        signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])])
        axes[:, : first.shape[1]] = first * signs
        return cls(mean, axes)

    def project(self, units: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors [N, D] on the plane, float32 [N, 2]."""
        projected = (units.astype(np.float64) - self.mean) @ self.axes
        return projected.astype(np.float32)


def projections(gathered: Gathered) -> pa.Table:
    """One row for each content, arm and target, for targets that are scored by vectors; see
    `crosslift.results.projections`. Arms of another start have no rows: their vectors are in another
    space."""
    tables = [SCHEMA.empty_table()]
    for target in gathered.plan.targets:
        runs = _first_runs(gathered, target)
        sample = _sample(gathered, target, runs[0]) if runs else {}
        plane: Plane | None = None
        for run in runs if sample else ():
            contents, units = _units(gathered, run, target, sample)
            if plane is None:
                plane = Plane.fitted(units)
            if units.shape[1] == len(plane.mean):
                tables.append(_table(run, target, contents, units, plane))
    return pa.concat_tables(tables).unify_dictionaries()


def _first_runs(gathered: Gathered, target: str) -> list[ArmRun]:
    """The first seed of each arm that starts where the baseline does and whose vectors are scored on
    a target; that of the baseline first."""
    study = gathered.plan.study
    first: dict[str, ArmRun] = {}
    for run in gathered.plan.runs:
        scored = target in run.evaluations and target not in run.fine_tuned
        if scored and study.baseline_of(run.arm) == study.baseline:
            first.setdefault(run.arm, run)
    return sorted(first.values(), key=lambda run: run.arm != study.baseline)


Sample = dict[str, list[ExampleItem]]
"""Language -> contents."""


def _sample(gathered: Gathered, target: str, run: ArmRun) -> Sample:
    """Queries and their right answers, evenly spread over each language; a content that two languages
    share is in the first of them."""
    loaded = gathered.plan.targets[target]
    protocol = loaded.protocols[0]
    rows = gathered.outcomes.filter(
        (pc.field("target") == target)
        & (pc.field("protocol") == protocol.id)
        & (pc.field("arm") == run.arm)
        & (pc.field("seed") == run.seed)
    )
    seen: set[ExampleItem] = set()
    sample: Sample = {}
    languages = list(run.evaluations[target])
    for language in languages:
        examples = loaded.data.examples(language, protocol.direction)
        if examples is None:
            return {}
        items = rows.filter(pc.field("language") == language)["item"].to_pylist()
        chosen = _spread(items, max(1, _CONTENTS // (2 * len(languages))))
        named = [side(item) for item in chosen for side in (examples.query, examples.right)]
        sample[language] = [each for each in dict.fromkeys(named) if each not in seen]
        seen |= set(named)
    return sample


def _spread(names: Sequence[str], count: int) -> list[str]:
    step = max(1.0, len(names) / count)
    return [names[int(i * step)] for i in range(min(count, len(names)))]


def _units(
    gathered: Gathered, run: ArmRun, target: str, sample: Sample
) -> tuple[list[ExampleItem], NDArray[np.float32]]:
    """The contents of a sample, and their unit vectors [N, D]."""
    loaded = gathered.plan.targets[target]
    protocol = loaded.protocols[0]
    contents: list[ExampleItem] = []
    vectors: list[NDArray[np.float32]] = []
    for language, step in run.evaluations[target].items():
        behind = vectors_behind(step, gathered.store)
        lookups, of_src = behind.texts[protocol], set(loaded.data.sides_of(language)["src"])
        for content in sample.get(language, ()):
            if content.picture is not None and behind.pictures is not None:
                found = behind.pictures((content.picture,))
            elif content.text is not None:
                side = lookups.src if content.text in of_src else lookups.tgt
                found = side((content.text,))
            else:
                continue
            contents.append(content)
            vectors.append(found)
    return contents, unit_rows(np.concatenate(vectors))


def _table(
    run: ArmRun,
    target: str,
    contents: Sequence[ExampleItem],
    units: NDArray[np.float32],
    plane: Plane,
) -> pa.Table:
    places = plane.project(units)
    neighbours, distances = _neighbours(units)
    columns = {
        "target": [target] * len(contents),
        "arm": [run.arm] * len(contents),
        "seed": [run.seed] * len(contents),
        "text_language": [content.language for content in contents],
        "text": [content.text for content in contents],
        "picture": [content.picture for content in contents],
        "x": places[:, 0],
        "y": places[:, 1],
        "neighbours": list(neighbours),
        "distances": list(distances),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in SCHEMA]
    return pa.table(arrays, schema=SCHEMA)


def _neighbours(
    units: NDArray[np.float32],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The nearest other rows of each row [N, D] by cosine, and their distances: [N, k] each."""
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    k = min(_NEIGHBOURS, len(units) - 1)
    nearest = (
        np.argpartition(-cosines, k - 1, axis=1)[:, :k] if k else np.empty((len(units), 0), int)
    )
    scores = np.take_along_axis(cosines, nearest, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    nearest, scores = (np.take_along_axis(each, order, axis=1) for each in (nearest, scores))
    return nearest.astype(np.int32), (1 - scores).astype(np.float32)
