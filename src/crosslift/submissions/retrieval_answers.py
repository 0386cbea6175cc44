"""Retrieval on Tatoeba and mining on BUCC, in the format of XTREME's submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from crosslift.errors import DataError
from crosslift.making.evaluate import open_outcomes
from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.trained import Trained
from crosslift.making.vectors import open_lookups, roles_of, side_lookups
from crosslift.planning.target_steps import evaluate_steps
from crosslift.planning.text_steps import encode_steps
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.retrieval.thresholds import best_threshold
from crosslift.sources.bucc_files import BuccSplit, load_bucc, splits_in
from crosslift.submissions.reported_steps import ReportedSteps
from crosslift.targets.evaluate_mining import mine_split
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.mined_texts import MiningData
from crosslift.targets.protocol import Protocol, Split
from crosslift.xtreme.write import english_order

XTREME = "xtreme"


def retrieved_lines(
    encoder: Trained,
    loaded: Loaded[BitextData],
    steps: ReportedSteps,
    postprocessing: Sequence[Postprocessing] = (),
) -> dict[str, list[Any]]:
    """The answers of an encoder on Tatoeba's test sets.

    Vectors are read by XTREME's protocol if the study has it, else by the encoder's own settings.

    Args:
        encoder: the encoder.
        loaded: the target, with all languages.
        steps: makes the steps of the run.
        postprocessing: post-processing of the arm.

    Returns:
        Language -> for each English sentence in alphabetical order (XTREME's order), the index from 0
        of the retrieved sentence.
    """
    scored = evaluate_steps(encoder, loaded, None, postprocessing)
    steps.make(list(scored.values()))
    protocol = _protocol(loaded, "en->xx")
    table = open_outcomes(scored.values(), steps.store)
    rows = table.filter(pc.field("protocol") == protocol.id)
    lines: dict[str, list[Any]] = {}
    for language, bitext in loaded.data.bitexts.items():
        part = rows.filter(pc.field("language") == language)
        retrieved = dict(zip(part["item"].to_pylist(), part["retrieved"].to_pylist(), strict=True))
        place = {item: number for number, item in enumerate(bitext.items)}
        order = english_order(bitext.tgt)
        lines[language] = [place[retrieved[bitext.items[i]]] for i in order]
    return lines


def _protocol(loaded: LoadedTarget, direction: str) -> Protocol:
    """XTREME's protocol if the target has it, else ours in the same direction."""
    fitting = [p for p in loaded.protocols if p.direction == direction]
    return next((p for p in fitting if p.name == XTREME), fitting[0])


def mined_pairs(
    encoder: Trained, loaded: Loaded[MiningData], steps: ReportedSteps
) -> dict[str, list[Any]]:
    """The pairs that an encoder mines from BUCC's test sets, at a threshold fitted on dev.

    Vectors are read by XTREME's protocol if the study has it, else by the encoder's own settings.

    Args:
        encoder: the encoder.
        loaded: the target from `with_tests`.
        steps: makes the steps of the run.

    Returns:
        Language -> (src id, tgt id) of each mined pair.
    """
    protocol = _protocol(loaded, "mining")
    roles, encoding = roles_of(protocol), encode_steps(encoder, loaded)
    steps.make([encoding[language][role] for language in loaded.data.languages for role in roles])
    if protocol.mining is None:
        raise TypeError(f"protocol {protocol.id} mines nothing")
    pairs: dict[str, list[Any]] = {}
    for language, splits in loaded.data.splits.items():
        by_role = open_lookups({role: encoding[language][role] for role in roles}, steps.store)
        vectors = side_lookups(by_role, roles)
        dev = mine_split(splits["dev"], vectors, protocol.mining)
        threshold = best_threshold(dev.pairs.score, dev.is_gold, len(dev.gold))
        test = mine_split(splits["test"], vectors, protocol.mining)
        above_threshold = test.pairs.score >= threshold
        places = zip(test.pairs.src[above_threshold], test.pairs.tgt[above_threshold], strict=True)
        pairs[language] = [
            (test.split.src_ids[test.src.first[i]], test.split.tgt_ids[test.tgt.first[j]])
            for i, j in places
        ]
    return pairs


def with_tests(loaded: Loaded[MiningData]) -> Loaded[MiningData]:
    """BUCC with its dev splits, for fitting thresholds, and its test splits, with or without gold
    pairs.

    Raises:
        DataError: a split is missing.
    """
    folder, data = loaded.settings.data, loaded.data
    if folder is None:
        raise TypeError(f"target {loaded.target.name} was loaded without a folder")
    splits: dict[str, dict[Split, BuccSplit]] = {}
    for language in data.splits:
        splits_on_disk = splits_in(folder, language)
        missing = [name for name in ("dev", "test") if name not in splits_on_disk]
        if missing:
            raise DataError(
                f"{folder} has no {' and no '.join(missing)} split of {language}",
                f"{language}-en.test.{language} and .en, and {language}-en.dev.* with gold, on which "
                "the threshold is fitted",
                "get them from BUCC 2018, or name other tasks with --tasks",
            )
        splits[language] = {
            "dev": load_bucc(folder, language, "dev"),
            "test": load_bucc(folder, language, "test"),
        }
    return replace(loaded, data=replace(data, splits=splits))
