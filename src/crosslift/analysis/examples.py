"""Examples of queries with the answer of each arm: queries on which the arms disagree.

A run of one arm shows any queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from PIL import Image

from crosslift.analysis.collect import Gathered
from crosslift.artifacts.files import file_written_whole
from crosslift.images.decode import load_picture
from crosslift.metrics.table import metric_named
from crosslift.results.example import ArmAnswer, Example
from crosslift.sources.picture import picture_sum
from crosslift.targets.protocol import Direction
from crosslift.targets.target_data import ExampleItem, TargetData

_LANGUAGES = 6
_QUERIES = 3
_PICTURE_SIZE = 96


def write_examples(gathered: Gathered, folder: Path) -> list[Example]:
    """Chooses examples of every target, and writes the pictures they need into ``pictures/``."""
    examples: list[Example] = []
    for target in gathered.plan.targets:
        examples += _examples_of(gathered, target, folder)
    return examples


def _examples_of(gathered: Gathered, target: str, folder: Path) -> list[Example]:
    loaded = gathered.plan.targets[target]
    right = metric_named(loaded.target.metric).right
    if right is None:
        return []
    shown_as = loaded.protocols[0]
    if shown_as.direction == "both":  # an answer is one of a direction
        shown_as = loaded.protocols[1]
    protocol = shown_as.id
    rows = gathered.outcomes.filter(
        (pc.field("target") == target) & (pc.field("protocol") == protocol)
    ).select(["arm", "seed", "language", "item", right, "retrieved"])
    rows = rows.rename_columns(["arm", "seed", "language", "item", "right", "retrieved"])
    measured = [run for run in gathered.plan.runs if target in run.evaluations]
    first_seed = {run.arm: run.seed for run in reversed(measured)}
    answers: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows.to_pylist():
        if row["seed"] == first_seed[row["arm"]]:
            answers.setdefault((row["language"], row["item"]), {})[row["arm"]] = row
    disputed = {key: returned for key, returned in answers.items() if _is_disputed(returned)}
    examples: list[Example] = []
    written: set[str] = set()
    for language in _spread(sorted({language for language, _ in disputed}), _LANGUAGES):
        queries = [item for code, item in disputed if code == language]
        queries.sort(key=lambda item: (_disagreement(answers[language, item]), item))
        shown = _Example(loaded.data, language, shown_as.direction, folder, written)
        for item in queries[:_QUERIES]:
            returned = answers[language, item].items()
            examples.append(
                Example(
                    target=target,
                    language=language,
                    protocol=protocol,
                    **shown.query(item),
                    answers=tuple(shown.answer(arm, row) for arm, row in returned),
                )
            )
    return examples


def _spread(names: Sequence[str], count: int) -> list[str]:
    """This many of the names, evenly spread."""
    step = max(1.0, len(names) / count)
    return [names[int(i * step)] for i in range(min(count, len(names)))]


def _is_disputed(answers: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether some arms answer a query correctly and others do not; with one arm alone, every query
    counts."""
    return len(answers) == 1 or len({row["right"] > 0 for row in answers.values()}) > 1


def _disagreement(answers: Mapping[str, Mapping[str, Any]]) -> int:
    """0 if as many arms are right as wrong; larger if more arms agree."""
    right = sum(1 for row in answers.values() if row["right"] > 0)
    return abs(2 * right - len(answers))


class _Example:
    """Queries of a language and their answers, in one direction.

    Args:
        data: data of the target.
        language: language of the queries, or of their answers.
        direction: which side has the queries.
        folder: folder of the run.
        written: ids of the pictures that are written already.

    Raises:
        TypeError: a single query of the target has no answer to show.
    """

    def __init__(
        self,
        data: TargetData,
        language: str,
        direction: Direction,
        folder: Path,
        written: set[str],
    ) -> None:
        examples = data.examples(language, direction)
        if examples is None:
            raise TypeError(f"{type(data).__name__} has no single query with an answer")
        self._examples = examples
        self._data = data
        self._folder = folder
        self._written = written

    def query(self, item: str) -> dict[str, str | None]:
        """The query and the right answer."""
        query, right = self._examples.query(item), self._examples.right(item)
        return self._side("query_", query) | self._side("gold_", right)

    def answer(self, arm: str, row: Mapping[str, Any]) -> ArmAnswer:
        """What an arm returned."""
        answer = self._side("", self._examples.answer(row["retrieved"]))
        return ArmAnswer(arm=arm, **answer, correct=row["right"] > 0)

    def _side(self, role: str, item: ExampleItem) -> dict[str, str | None]:
        picture = None if item.picture is None else self._picture(item.picture)
        return {f"{role}text": item.text, f"{role}picture": picture}

    def _picture(self, item: str) -> str:
        # An id may hold what no file name may, and two targets may have the same ids.
        name = picture_sum(self._data.pictures[item])[:20]
        path = self._folder / "pictures" / f"{name}.png"
        if item not in self._written:
            picture = load_picture(self._data.pictures[item], _PICTURE_SIZE)
            with file_written_whole(path) as draft:
                Image.fromarray(picture).save(draft)
            self._written.add(item)
        return path.relative_to(self._folder).as_posix()
