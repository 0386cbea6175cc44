"""Makes a choice: its artifact is the training of the best try, as if there were no other try."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.artifacts.manifest import MANIFEST
from crosslift.making.evaluate import open_outcomes
from crosslift.metrics.table import metric_named, outcome_of
from crosslift.results.setting_choices import (
    CHOICE_FILE,
    ChosenSettings,
    Edge,
    Tried,
    TriedSettings,
)
from crosslift.steps.step import Step, Workplace
from crosslift.targets.query_outcomes import score_of

_TRY = "try "


def try_role(number: int) -> str:
    """Role of the training step of a try; numbers begin with 1."""
    return f"{_TRY}{number}"


def is_try(role: str) -> bool:
    """Whether a role of the choice's inputs names a training step."""
    return role.startswith(_TRY)


def score_role(number: int, language: str) -> str:
    """Role of the step that scores a try in a language; numbers begin with 1."""
    return f"{_score(number)}{language}"


def is_score(role: str, number: int) -> bool:
    """Whether a role of the choice's inputs names a step that scores a given try."""
    return role.startswith(_score(number))


def _score(number: int) -> str:
    return f"score {number}, "


def choose_try(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes the files of the best try's training step, and `choice.json`."""
    settings, store = step.settings, workplace.store
    numbers = range(1, len(settings["tries"]) + 1)
    scores = [
        _macro_score(
            open_outcomes([s for role, s in step.inputs.items() if is_score(role, n)], store),
            settings["protocol"],
            settings["metric"],
        )
        for n in numbers
    ]
    chosen = choice_of(
        settings["tries"], scores, lower_is_better=metric_named(settings["metric"]).lower_is_better
    )
    _link_files(step.inputs[try_role(chosen.chosen + 1)].open(store), folder)
    (folder / CHOICE_FILE).write_text(json.dumps(chosen.to_json()), encoding="utf-8")


def choice_of(
    tries: Sequence[Tried], scores: Sequence[float], *, lower_is_better: bool = False
) -> ChosenSettings:
    """The best of some tries; among equals the first.

    Args:
        tries: all tries of a grid.
        scores: score of each try.
        lower_is_better: whether lower scores are better.
    """
    best = (min if lower_is_better else max)(scores)
    place = scores.index(best)
    scored = zip(tries, scores, strict=True)
    return ChosenSettings(
        tries=tuple(TriedSettings(settings=dict(tried), score=score) for tried, score in scored),
        chosen=place,
        edges=_edges(tries, tries[place]),
    )


def _edges(tries: Sequence[Tried], chosen: Tried) -> dict[str, Edge]:
    """Setting -> the edge of its grid at which the chosen value lies; settings with one value have no
    edge."""
    edges: dict[str, Edge] = {}
    for name, value in chosen.items():
        values = {tried[name] for tried in tries}
        if len(values) > 1 and value in (min(values), max(values)):
            edges[name] = "lowest" if value == min(values) else "highest"
    return edges


def _macro_score(outcomes: pa.Table, protocol: str, metric: str) -> float:
    """The mean of a metric over the languages of a table of outcomes, under a protocol."""
    name = outcome_of(metric)
    rows = outcomes.filter(pc.field("protocol") == protocol)
    languages = sorted(pc.unique(rows["language"]).to_pylist())
    scores = [
        score_of(metric, rows.filter(pc.field("language") == language)[name].to_numpy())
        for language in languages
    ]
    return sum(scores) / len(scores)


def _link_files(source: Path, folder: Path) -> None:
    """Puts the files of an artifact into a folder; they share the disk space where the file system has
    hard links. No file of an artifact is ever changed."""
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.name == MANIFEST:
            continue
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, copy)
        except OSError:
            shutil.copyfile(path, copy)
