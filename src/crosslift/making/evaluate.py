"""Makes the outcomes of every query of a target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.artifacts.store import Store
from crosslift.making.found_answers import write_found_answers
from crosslift.making.found_languages import write_found_languages
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.on_devices import make_on_devices
from crosslift.making.vectors import (
    open_lookup,
    open_lookups,
    roles_of,
    side_lookups,
)
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.results.mined_languages import MINING_FILE, MinedLanguage
from crosslift.results.result_record import read_optional_json_file
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.steps.step import Step, Workplace
from crosslift.targets.evaluate_graded import evaluate_graded
from crosslift.targets.evaluate_judged import FoundLanguages, evaluate_judged
from crosslift.targets.evaluate_mining import evaluate_mining
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.graded_texts import GradedData
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.kinds.mined_texts import MiningData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import Lookup, Outcomes, SideLookups, evaluate_bitexts
from crosslift.targets.target_data import TargetData

_OUTCOMES = "outcomes.parquet"
PICTURES = "pictures"
"""Role of the step that embeds a target's pictures."""


class Vectors(NamedTuple):
    """The vectors that score a target.

    Args:
        texts: protocol -> vectors of the texts, as the protocol reads them.
        pictures: vectors of the target's pictures, in one space with the texts; None: it has no
            pictures.
        postprocessing: changes of vectors and scores.
        ranks: ranks that search together, for data that several ranks search; only the scores of the
            first one count.
    """

    texts: Mapping[Protocol, SideLookups]
    pictures: Lookup | None
    postprocessing: Sequence[Postprocessing]
    ranks: Ranks = ALONE


class ScoredTarget(NamedTuple):
    """The outcomes of a target; details of mining, if pairs are mined (else None); and the languages of
    the found candidates, if a pool has several."""

    outcomes: Sequence[Outcomes]
    mining: Sequence[MinedLanguage] | None = None
    found_languages: Sequence[FoundLanguages] = ()


@singledispatch
def score(data: TargetData, vectors: Vectors) -> ScoredTarget:
    """Scores the data of a target; the function of each kind of data is registered below.

    Args:
        data: data of the target.
        vectors: vectors of its texts and pictures.

    Raises:
        TypeError: vectors alone cannot score this kind of data.
    """
    del vectors
    raise TypeError(f"{type(data).__name__} is answered after fine-tuning")


@score.register
def _score_bitexts(data: BitextData, vectors: Vectors) -> ScoredTarget:
    return ScoredTarget(list(evaluate_bitexts(vectors.texts, data, vectors.postprocessing)))


@score.register
def _score_mining(data: MiningData, vectors: Vectors) -> ScoredTarget:
    mined = list(evaluate_mining(vectors.texts, data, vectors.ranks))
    details = [detail for _, detail in mined if detail is not None]
    return ScoredTarget([outcomes for outcomes, _ in mined], details)


@score.register
def _score_graded(data: GradedData, vectors: Vectors) -> ScoredTarget:
    return ScoredTarget(list(evaluate_graded(vectors.texts, data)))


@score.register
def _score_judged(data: JudgedData, vectors: Vectors) -> ScoredTarget:
    judged = list(evaluate_judged(vectors.texts, data))
    found = [languages for _, languages in judged if languages is not None]
    return ScoredTarget([outcomes for outcomes, _ in judged], found_languages=found)


@score.register
def _score_pictures(data: PictureData, vectors: Vectors) -> ScoredTarget:
    if vectors.pictures is None:
        raise TypeError("no vectors of pictures")
    texts = next(iter(vectors.texts.values())).src  # all protocols read them as the encoder does
    return ScoredTarget(list(evaluate_pictures(list(vectors.texts), data, texts, vectors.pictures)))


def evaluate_target(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `outcomes.parquet`, one row for each query and protocol; `mining.json` where pairs are
    mined; `found.parquet` if candidates are ranked; `found_languages.parquet` if a pool has several
    languages.

    The job is a target with the data of one language.
    """
    make_on_devices(_evaluate, step, workplace, folder)


def _evaluate(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    loaded: LoadedTarget = step.job_as(Loaded)
    vectors = vectors_behind(step, workplace.store)._replace(ranks=ranks)
    scored = score(loaded.data, vectors)
    if ranks.number > 0:
        return
    if scored.mining is not None:
        details = [detail.to_json() for detail in scored.mining]
        (folder / MINING_FILE).write_text(json.dumps(details), encoding="utf-8")
    write_found_languages(scored.found_languages, folder)
    write_found_answers(scored.outcomes, folder)
    write_outcomes(scored.outcomes, folder)


def vectors_behind(step: Step, store: Store) -> Vectors:
    """The vectors that a step of evaluation scores.

    Args:
        step: step with finished inputs; its job is a target.
        store: store that holds the inputs.
    """
    loaded: LoadedTarget = step.job_as(Loaded)
    encoded = {role: each for role, each in step.inputs.items() if role != PICTURES}
    by_role = open_lookups(encoded, store)
    pictures = None
    if PICTURES in step.inputs:
        embedded = step.inputs[PICTURES]
        pictures = open_lookup(embedded, list(loaded.data.pictures), store)
        by_role = {role: _mapped(texts, embedded, store) for role, texts in by_role.items()}
    texts = {p: side_lookups(by_role, roles_of(p)) for p in loaded.protocols}
    return Vectors(texts, pictures, step.settings["postprocessing"])


def _mapped(texts: Lookup, pictures: Step, store: Store) -> Lookup:
    """Texts in the space of the pictures, by the map that the task learned, if it learned one."""
    path = pictures.open(store) / "text_map.npz"
    if not path.is_file():
        return texts
    with np.load(path) as text_map:
        weight, bias = text_map["weight"], text_map["bias"]
    return lambda wanted_texts: texts(wanted_texts) @ weight.T + bias


def open_outcomes(steps: Iterable[Step], store: Store) -> pa.Table:
    """The outcomes of a target, from the steps that score its parts, in their order."""
    paths = [step.open(store) / _OUTCOMES for step in steps]
    return pa.concat_tables([pq.read_table(p) for p in paths], promote_options="default")


def open_mined(steps: Iterable[Step], store: Store) -> tuple[MinedLanguage, ...]:
    """The results of mining, from the steps that score the parts of a target; empty if nothing is
    mined."""
    paths = [step.open(store) / MINING_FILE for step in steps]
    parts = [read_optional_json_file(path, tuple[MinedLanguage, ...]) or () for path in paths]
    return tuple(chain.from_iterable(parts))


def write_outcomes(outcomes: Sequence[Outcomes], folder: Path) -> None:
    """Writes `outcomes.parquet`, one row for each query and protocol."""
    pq.write_table(outcome_table(outcomes), folder / _OUTCOMES)


def outcome_table(outcomes: Sequence[Outcomes]) -> pa.Table:
    """Outcomes as one table, one row for each query; null if a protocol has no such outcome."""
    tables = [
        pa.table(
            {
                "language": pa.array([o.language] * len(o.items)),
                "protocol": pa.array([o.protocol] * len(o.items)),
                "item": pa.array(o.items),
                "cluster": pa.array(o.clusters or o.items),
                **{name: pa.array(values, pa.float32()) for name, values in o.values.items()},
                "retrieved": pa.array(o.retrieved),
            }
        )
        for o in outcomes
    ]
    return pa.concat_tables(tables, promote_options="default")
