"""BUCC as a target: what is mined, where the threshold comes from, and every score by plain loops."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score
from small_study import small_study

from crosslift.api.session import evaluate, evaluate_protocols, run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.making.trained import Trained
from crosslift.planning.load_target import load_target
from crosslift.results.mined_languages import MinedLanguage
from crosslift.retrieval.folds import folds_of
from crosslift.sources.bucc_files import BuccSplit
from crosslift.targets.bucc import BUCC
from crosslift.targets.evaluate_mining import evaluate_mining
from crosslift.targets.kinds.mined_texts import MiningData, first_sentences
from crosslift.targets.protocol import Mining, Protocol, Split
from crosslift.targets.protocols import (
    LASER_MINING,
    MINING,
    MTEB_MINING,
    XTREME_MINING,
)
from crosslift.targets.query_outcomes import Lookup, Outcomes, SideLookups
from crosslift.targets.target_settings import TargetSettings

OURS = MINING[0]
ALL = (*BUCC.protocols, *BUCC.others)
WIDTH = 12

# Files of BUCC, and vectors for their texts


def write_split(
    folder: Path,
    language: str,
    split: str,
    gold: int,
    alone: int,
    copies: int = 0,
    with_gold: bool = True,
) -> None:
    """Writes a split: true pairs, texts of either side alone, and copies of some texts.

    The i-th pair is ``LANGUAGE SPLIT true i`` and ``en LANGUAGE SPLIT true i``. Every copy is of a
    text of a true pair, under an id of its own; every other copy is in the gold too.
    """
    folder.mkdir(exist_ok=True)
    rows: dict[str, list[tuple[str, str]]] = {language: [], "en": []}
    pairs = []
    for i in range(gold):
        for side, texts in rows.items():
            lead = "" if side == language else "en "
            texts.append((f"{side}-{len(texts):05}", f"{lead}{language} {split} true {i}"))
        pairs.append((rows[language][-1][0], rows["en"][-1][0]))
    for side, texts in rows.items():
        for i in range(alone):
            texts.append((f"{side}-{len(texts):05}", f"{side} {split} alone {i} {language}"))
    for i in range(copies):
        texts = rows[language if i % 2 else "en"]
        texts.append((f"{texts[0][0].partition('-')[0]}-{len(texts):05}", texts[i][1]))
        if i % 4 == 1:
            pairs.append((texts[-1][0], rows["en"][i][0]))
    files = {side: [f"{name}\t{text}" for name, text in texts] for side, texts in rows.items()}
    if with_gold:
        files["gold"] = ["\t".join(pair) for pair in pairs]
    for end, lines in files.items():
        path = folder / f"{language}-en.{split}.{end}"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def vector(text: str, noise: float) -> np.ndarray:
    """A vector for a text: the two texts of a true pair are near each other.

    Half of the true pairs are hard: their noise is larger.
    """
    meaning = text.removeprefix("en ")
    generator = np.random.default_rng(list(meaning.encode()))
    mean = generator.standard_normal(WIDTH)
    text_noise = np.random.default_rng(list(f"own {text}".encode())).standard_normal(WIDTH)
    hard = 2 if meaning[-1] in "13579" else 1
    # All are on one side of the origin, so that no mean cosine is negative.
    values: np.ndarray = 0.8 + mean + noise * hard * text_noise
    return values


NOISE = 0.35


def vectors(texts: Sequence[str]) -> np.ndarray:
    return np.array([vector(text, NOISE) for text in texts], np.float32)


@pytest.fixture
def bucc(tmp_path: Path) -> Path:
    """German with dev and test, each with repeated texts; French with dev alone."""
    folder = tmp_path / "bucc"
    write_split(folder, "de", "dev", gold=24, alone=30, copies=6)
    write_split(folder, "de", "test", gold=30, alone=40, copies=8)
    write_split(folder, "fr", "dev", gold=26, alone=20, copies=4)
    return folder


def turned(texts: Sequence[str]) -> np.ndarray:
    """The same texts, the src side on the other side of the origin: some means are negative."""
    away = np.array([[0 if text.startswith("en ") else -1.6] for text in texts], np.float32)
    return vectors(texts) + away


def load(folder: Path, **settings: Any) -> MiningData:
    loaded = BUCC.load(TargetSettings(name="bucc", data=folder, **settings))
    assert isinstance(loaded, MiningData)
    return loaded


class Found(NamedTuple):
    outcomes: Outcomes
    detail: MinedLanguage


def mined(
    protocol: Protocol, data: MiningData, language: str = "de", lookup: Lookup = vectors
) -> Found:
    for outcomes, detail in evaluate_mining({protocol: SideLookups.of_both(lookup)}, data):
        if outcomes.language == language:
            assert detail is not None
            return Found(outcomes, detail)
    raise KeyError(language)


# The same by plain loops


class Plain(NamedTuple):
    """Mined pairs of a split as texts with their scores, and the gold as they are compared."""

    pairs: list[tuple[float, str, str]]
    gold: Counter[tuple[str, str]]


def plain_mine(
    split: BuccSplit, k: int = 4, lookup: Lookup = vectors
) -> list[tuple[float, str, str]]:
    """Ratio margin, the best of both directions, each distinct text at most once."""
    sides = [list(dict.fromkeys(side)) for side in (split.src, split.tgt)]
    rows = [lookup(side).astype(float) for side in sides]
    src, tgt = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in rows)
    cosines = (src @ tgt.T).astype(np.float32).astype(float)
    near = [np.sort(c, axis=1)[:, ::-1][:, :k].mean(axis=1) for c in (cosines, cosines.T)]
    margins = cosines / ((near[0][:, None] + near[1][None, :]) / 2)
    candidates = set()
    for i, row in enumerate(cosines):
        best = max(np.argsort(-row)[:k], key=lambda j: margins[i, j])
        candidates.add((margins[i, best], i, int(best)))
    for j, column in enumerate(cosines.T):
        best = max(np.argsort(-column)[:k], key=lambda i: margins[i, j])
        candidates.add((margins[best, j], int(best), j))
    mined_pairs: list[tuple[float, str, str]] = []
    used: set[tuple[str, int]] = set()
    for score, i, j in sorted(candidates, key=lambda c: (-c[0], c[1], c[2])):
        if not used & {("src", i), ("tgt", j)}:
            used |= {("src", i), ("tgt", j)}
            mined_pairs.append((float(score), sides[0][i], sides[1][j]))
    return mined_pairs


def plain_united(split: BuccSplit) -> Plain:
    """A text that appears twice is one: gold pairs of the same texts are one pair."""
    assert split.gold is not None
    gold = {(split.src[i], split.tgt[j]) for i, j in split.gold}
    return Plain(plain_mine(split), Counter(gold))


def plain_dropped(split: BuccSplit, lookup: Lookup = vectors) -> Plain:
    """LASER's and XTREME's rules: a text that occurs twice has no id, so its pairs are not seen, and
    a pair is written only where its score is above 0."""
    assert split.gold is not None
    ids: list[dict[str, str]] = []
    for names, texts in ((split.src_ids, split.src), (split.tgt_ids, split.tgt)):
        of_text: dict[str, str] = {}
        again = set()
        for name, text in zip(names, texts, strict=True):
            (again.add(text) if text in of_text else of_text.setdefault(text, name))
        ids.append({text: name for text, name in of_text.items() if text not in again})
    pairs = [
        (score, ids[0][src], ids[1][tgt])
        for score, src, tgt in plain_mine(split, lookup=lookup)
        if src in ids[0] and tgt in ids[1] and score > 0
    ]
    return Plain(pairs, Counter((split.src_ids[i], split.tgt_ids[j]) for i, j in split.gold))


def plain_threshold(mined: Plain) -> float:
    """BUCC's search: the first cut with the best F1, between its last pair and the next."""
    best, threshold, correct = 0.0, float("inf"), 0
    for i, (score, src, tgt) in enumerate(mined.pairs):
        correct += (src, tgt) in mined.gold
        f1 = 2 * correct / (i + 1 + mined.gold.total())
        if f1 > best:
            last = i + 1 == len(mined.pairs)
            best, threshold = f1, score if last else (score + mined.pairs[i + 1][0]) / 2
    return threshold


def plain_score(mined: Plain, threshold: float) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    extracted = [(src, tgt) for score, src, tgt in mined.pairs if score >= threshold]
    correct = sum(pair in mined.gold for pair in extracted)
    total = mined.gold.total()
    return correct / len(extracted), correct / total, 2 * correct / (len(extracted) + total)


def scores_of(detail: MinedLanguage) -> tuple[float, float, float]:
    return detail.score.precision, detail.score.recall, detail.score.mining_f1


# Thresholds


@pytest.mark.parametrize(
    ("protocol", "plain"),
    [(OURS, plain_united), (XTREME_MINING, plain_dropped)],
    ids=["ours", "xtreme"],
)
def test_the_threshold_of_dev_is_applied_to_test(bucc: Path, protocol: Protocol, plain) -> None:
    data = load(bucc, languages=("de",))
    _, detail = mined(protocol, data)
    dev, test = (plain(data.splits["de"][name]) for name in ("dev", "test"))
    assert (detail.scored_on, detail.threshold_source) == ("test", "dev")
    assert detail.thresholds == (pytest.approx(plain_threshold(dev), rel=1e-6),)
    assert scores_of(detail) == pytest.approx(plain_score(test, plain_threshold(dev)))
    best = plain_threshold(test)
    assert detail.oracle.threshold == pytest.approx(best, rel=1e-6)
    assert detail.oracle.mining_f1 == pytest.approx(plain_score(test, best)[2])
    assert 0.2 < detail.score.mining_f1 < detail.oracle.mining_f1 < 1, "a case that can fail"


def test_the_gold_of_the_scored_split_does_not_move_the_threshold(bucc: Path) -> None:
    data = load(bucc, languages=("de",))
    test = data.splits["de"]["test"]
    assert test.gold is not None
    other = replace(test, gold=test.gold[:7])
    less = MiningData({"de": {**data.splits["de"], "test": other}})
    for protocol in (OURS, XTREME_MINING):
        before, after = mined(protocol, data).detail, mined(protocol, less).detail
        assert before.thresholds == after.thresholds
        assert before.score.mined == after.score.mined
        assert before.score.correct > after.score.correct


@pytest.mark.parametrize("protocol", [OURS, XTREME_MINING, LASER_MINING], ids=lambda p: p.name)
def test_dev_alone_is_cut_by_halves(bucc: Path, protocol: Protocol) -> None:
    data = load(bucc, languages=("fr",))
    outcomes, detail = mined(protocol, data, "fr")
    split = data.splits["fr"]["dev"]
    assert detail.scored_on == "dev"
    assert detail.threshold_source == "the other half of dev, by src text"
    plain = plain_united(split) if protocol is OURS else plain_dropped(split)
    first = {text: split.src_ids[split.src.index(text)] for text in split.src}
    key = first if protocol is OURS else {name: first[split.src[i]] for i, name in _ids(split)}
    folds = {src: int(folds_of([name])[0]) for src, name in key.items()}
    halves = [
        Plain(
            [pair for pair in plain.pairs if folds[pair[1]] == fold],
            Counter({pair: n for pair, n in plain.gold.items() if folds[pair[0]] == fold}),
        )
        for fold in (0, 1)
    ]
    thresholds = [plain_threshold(half) for half in halves]
    assert detail.thresholds == pytest.approx((thresholds[1], thresholds[0]), rel=1e-6)
    extracted = [
        pair
        for fold, half in enumerate(halves)
        for pair in half.pairs
        if pair[0] >= thresholds[1 - fold]
    ]
    correct = sum((src, tgt) in plain.gold for _, src, tgt in extracted)
    assert (detail.score.mined, detail.score.correct) == (len(extracted), correct)
    assert detail.score.gold == plain.gold.total()
    assert detail.oracle.mining_f1 >= detail.score.mining_f1
    if protocol is OURS:
        taken_by = dict(zip(outcomes.items, outcomes.retrieved, strict=True))
        expected = {first[src]: split.tgt_ids[split.tgt.index(tgt)] for _, src, tgt in extracted}
        assert {item: tgt for item, tgt in taken_by.items() if tgt} == expected


@pytest.mark.parametrize("protocol", [XTREME_MINING, LASER_MINING], ids=lambda p: p.name)
def test_negative_means_are_divided_by_where_the_originals_do(
    bucc: Path, protocol: Protocol
) -> None:
    write_split(bucc, "de", "training", gold=28, alone=10, copies=2)
    data = load(bucc, languages=("de",), protocols=("laser",))
    with pytest.raises(DataError, match=r"(?s)mean cosine -.*`laser` alone"):
        mined(OURS, data, lookup=turned)
    source = "training" if protocol is LASER_MINING else "dev"
    detail = mined(protocol, data, lookup=turned).detail
    tuned, test = (plain_dropped(data.splits["de"][name], turned) for name in (source, "test"))
    lowest = min(score for score, *_ in plain_mine(data.splits["de"][source], lookup=turned))
    assert lowest < 0, "a case that can fail"
    assert detail.thresholds == (pytest.approx(plain_threshold(tuned), rel=1e-5),)
    assert scores_of(detail) == pytest.approx(plain_score(test, plain_threshold(tuned)))
    assert detail.score.mining_f1 > 0.1


def test_one_protocol_is_measured_without_the_others(
    bucc: Path, xlm_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our protocol refuses a negative mean; this must not prevent LASER's number."""

    def write(_: Trained, path: Path, texts: Sequence[str], *__: object) -> dict[str, str]:
        np.save(path, turned(texts))
        return {"pooling": "mean", "prompt": ""}

    monkeypatch.setattr(Trained, "write_vectors", write)
    target = TargetSettings(name="bucc", data=bucc, languages=("fr",))
    with pytest.raises(DataError, match="`xtreme` or `laser` alone"):
        evaluate(str(xlm_folder), target, store=Store(tmp_path / "store"))
    evaluation = evaluate(str(xlm_folder), target, "laser", store=Store(tmp_path / "store"))
    assert (evaluation.protocol["name"], evaluation.protocol["ratio_over"]) == ("laser", "any mean")
    expected = mined(LASER_MINING, load(bucc, languages=("fr",)), "fr", turned).detail.score
    assert evaluation.macro["mining_f1"] == pytest.approx(expected.mining_f1, abs=1e-6)


def _ids(split: BuccSplit) -> list[tuple[int, str]]:
    return list(enumerate(split.src_ids))


def test_training_is_read_and_used_for_laser_alone(bucc: Path) -> None:
    write_split(bucc, "de", "training", gold=28, alone=10, copies=2)
    data = load(bucc, languages=("de",), protocols=("laser",))
    assert list(data.splits["de"]) == ["dev", "test", "training"]
    detail = mined(LASER_MINING, data).detail
    training, test = (plain_dropped(data.splits["de"][name]) for name in ("training", "test"))
    assert (detail.scored_on, detail.threshold_source) == ("test", "training")
    assert detail.thresholds == (pytest.approx(plain_threshold(training), rel=1e-6),)
    assert scores_of(detail) == pytest.approx(plain_score(test, plain_threshold(training)))
    assert mined(XTREME_MINING, data).detail.thresholds != detail.thresholds
    without = load(bucc, languages=("de",), protocols=("xtreme", "mteb"))
    assert list(without.splits["de"]) == ["dev", "test"]
    assert without.checksum != data.checksum


def test_laser_without_training_says_so(bucc: Path) -> None:
    detail = mined(LASER_MINING, load(bucc, languages=("de",), protocols="laser")).detail
    assert detail.threshold_source == "the other half of test, by src text"
    assert len(detail.thresholds) == 2


@pytest.mark.parametrize("source", ["dev", "training"])
def test_no_score_is_above_the_oracle(bucc: Path, source: Split) -> None:
    """At any threshold that the curve has, F1 is at most the oracle's, and one has the oracle's."""
    protocol = replace(OURS, mining=Mining(threshold_source=source))
    for language in ("de", "fr"):
        detail = mined(protocol, load(bucc), language).detail
        f1 = [2 * p * r / (p + r) for _, p, r in detail.curve if p + r]
        assert max(f1) == pytest.approx(detail.oracle.mining_f1)
        assert detail.score.mining_f1 <= detail.oracle.mining_f1
        thresholds = [threshold for threshold, _, _ in detail.curve]
        assert thresholds == sorted(thresholds, reverse=True)


# Repeated texts


def test_a_repeated_text_is_united_or_dropped() -> None:
    """Seven pairs with equal vectors; the first appears twice on the src side."""
    names = ("a", "b", "c", "b1", "c1", "b2", "c2")
    rows = np.eye(len(names)) + 0.2
    known = {name: row for i, row in enumerate(rows) for name in (names[i], names[i].upper())}
    split = BuccSplit(
        language="de",
        split="dev",
        src_ids=tuple(f"de-{i}" for i in range(8)),
        src=("a", "b", "c", "a", "b1", "c1", "b2", "c2"),
        tgt_ids=tuple(f"en-{i}" for i in range(7)),
        tgt=("A", "B", "C", "B1", "C1", "B2", "C2"),
        gold=((0, 0), (1, 1), (2, 2), (3, 0), (4, 3), (5, 4), (6, 5), (7, 6)),
    )
    data = MiningData({"de": {"dev": split, "test": replace(split, split="test")}})

    def lookup(texts: Sequence[str]) -> np.ndarray:
        assert len(set(texts)) == len(texts), "each distinct text once"
        return np.array([known[text] for text in texts], np.float32)

    by_protocol = {
        protocol.name: (outcomes, detail)
        for protocol in (OURS, XTREME_MINING)
        for outcomes, detail in evaluate_mining({protocol: SideLookups.of_both(lookup)}, data)
    }
    united, dropped = by_protocol["crosslift"], by_protocol["xtreme"]
    assert united[1] is not None
    assert dropped[1] is not None
    score = united[1].score
    assert (score.mined, score.correct, score.gold) == (7, 7, 7)
    score = dropped[1].score
    assert (score.mined, score.correct, score.gold) == (6, 6, 8), "both gold pairs of a are missed"
    assert united[0].items == tuple(f"de-{i}" for i in (0, 1, 2, 4, 5, 6, 7))
    assert dict(zip(united[0].items, united[0].retrieved, strict=True))["de-0"] == "en-0"
    assert dict(zip(dropped[0].items, dropped[0].retrieved, strict=True))["de-0"] == ""


# MTEB's definition


def test_mteb_asks_the_sentences_with_gold_alone(bucc: Path) -> None:
    data = load(bucc, languages=("de",))
    ((outcomes, detail),) = evaluate_mining({MTEB_MINING: SideLookups.of_both(vectors)}, data)
    assert detail is None
    split = data.splits["de"]["test"]
    assert split.gold is not None
    rows = [vectors(side).astype(float) for side in (split.src, split.tgt)]
    src, tgt = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in rows)
    query_rows = [i for i, _ in split.gold]
    predicted = (src[query_rows] @ tgt.T).astype(np.float32).argmax(axis=1)
    gold = [j for _, j in split.gold]
    expected = f1_score(gold, predicted, average="weighted", zero_division=0)
    assert outcomes.score("weighted_f1") == pytest.approx(expected)
    assert 0 < expected < 1
    assert outcomes.items == tuple(split.src_ids[i] for i in query_rows)
    assert list(outcomes.retrieved) == [split.tgt_ids[i] for i in predicted]


# What is written


@pytest.mark.parametrize("protocol", [OURS, XTREME_MINING, LASER_MINING], ids=lambda p: p.name)
@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_means_of_the_outcomes_are_the_scores(
    bucc: Path, protocol: Protocol, language: str
) -> None:
    outcomes, detail = mined(protocol, load(bucc), language)
    means = {name: values.mean() for name, values in outcomes.values.items()}
    assert means == {
        "mining_f1": pytest.approx(detail.score.mining_f1),
        "mining_precision": pytest.approx(detail.score.precision),
        "mining_recall": pytest.approx(detail.score.recall),
        "oracle_mining_f1": pytest.approx(detail.oracle.mining_f1),
    }
    assert all(len(values) == len(outcomes.items) for values in outcomes.values.values())
    assert len(set(outcomes.items)) == len(outcomes.items)
    assert sum(map(bool, outcomes.retrieved)) == detail.score.mined


def test_details_are_strict_json(bucc: Path) -> None:
    for _, detail in evaluate_mining(dict.fromkeys(ALL, SideLookups.of_both(vectors)), load(bucc)):
        if detail is not None:
            assert json.loads(json.dumps(detail.to_json(), allow_nan=False)) is not None


def test_details_are_strict_json_where_nothing_is_right(bucc: Path) -> None:
    """No mined pair is gold: the threshold is infinite, and null is written for it."""
    data = load(bucc, languages=("de",))
    wrong = {
        name: replace(split, gold=tuple((i, len(split.tgt) - 9 - i) for i in range(12)))
        for name, split in data.splits["de"].items()
    }
    for splits in (wrong, {"dev": wrong["dev"]}):
        result = mined(OURS, MiningData({"de": splits}))
        written = json.loads(json.dumps(result.detail.to_json(), allow_nan=False))
        assert set(written["thresholds"]) == {None}
        assert written["score"]["threshold"] is None
        assert written["score"]["mining_f1"] == written["oracle"]["mining_f1"] == 0
        assert not any(result.outcomes.retrieved)
        assert result.outcomes.score("mining_f1") == 0
        assert written["curve"]


# Files


def test_missing_languages(bucc: Path) -> None:
    data = load(bucc)
    assert list(data.splits) == ["de", "fr"]
    assert data.gaps == {"ru": "no files in bucc", "zh": "no files in bucc"}
    with pytest.raises(DataError, match=r"has no files of zh\n.*de, fr"):
        load(bucc, languages=("de", "zh"))
    with pytest.raises(DataError, match="has no files of ru, zh"):
        load(bucc, languages=("ru", "zh"))
    with pytest.raises(DataError, match="target 'bucc' has no data"):
        BUCC.load(TargetSettings(name="bucc"))
    (bucc / "empty").mkdir()
    with pytest.raises(DataError, match="has no files of de, fr, ru, zh"):
        load(bucc / "empty")


def test_splits_without_gold(bucc: Path) -> None:
    for path in bucc.glob("de-en.test.gold"):
        path.unlink()
    data = load(bucc, languages=("de",))
    assert list(data.splits["de"]) == ["dev"]
    assert data.scored("de").split == "dev"
    assert not any("test" in text for text in data.distinct_texts()), (
        "texts of no use are not encoded"
    )
    (bucc / "de-en.dev.gold").unlink()
    with pytest.raises(DataError, match="the splits dev, test of de, none with gold"):
        load(bucc, languages=("de",))


def test_texts_of_all_splits_are_encoded_once(bucc: Path) -> None:
    data = load(bucc, languages=("de",))
    splits = data.splits["de"].values()
    assert data.distinct_texts() == sorted(
        {t for s in splits for side in (s.src, s.tgt) for t in side}
    )


# From the commands


def small(folder: Path) -> TargetSettings:
    return TargetSettings(name="bucc", data=folder)


def test_evaluate_tells_where_the_thresholds_come_from(bucc: Path, xlm_folder: Path) -> None:
    evaluation = evaluate(str(xlm_folder), small(bucc))
    assert evaluation.metric == "mining_f1"
    assert evaluation.protocol["threshold_source"] == "dev, the other half of dev, by src text"
    assert [entry.language for entry in evaluation.mining] == ["de", "fr"]
    assert evaluation.gaps == {"ru": "no files in bucc", "zh": "no files in bucc"}
    for entry in evaluation.mining:
        scores = evaluation.languages[entry.language]
        assert scores["mining_f1"] == pytest.approx(entry.score.mining_f1, abs=1e-6)
        assert scores["oracle_mining_f1"] == pytest.approx(entry.oracle.mining_f1, abs=1e-6)


def test_every_protocol_reads_as_it_declares(bucc: Path, xlm_folder: Path) -> None:
    evaluations = {e.protocol["name"]: e for e in evaluate_protocols(str(xlm_folder), small(bucc))}
    assert list(evaluations) == ["crosslift", "xtreme", "mteb", "laser"]
    assert {name: e.protocol["hidden_state"] for name, e in evaluations.items()} == {
        **{"crosslift": 2, "mteb": 2, "laser": 2},
        "xtreme": 0,  # the fourth before the last of two layers: the lowest possible
    }
    assert {name: e.metric for name, e in evaluations.items()} == {
        **{"crosslift": "mining_f1", "xtreme": "mining_f1", "laser": "mining_f1"},
        "mteb": "weighted_f1",
    }
    assert evaluations["mteb"].mining == ()
    assert evaluations["mteb"].protocol["threshold_source"] is None


def test_the_command_prints_the_oracle_as_no_result(
    crosslift: Any, bucc: Path, xlm_folder: Path
) -> None:
    command = ("evaluate", xlm_folder, "--target", "bucc", "--data", bucc)
    result = crosslift(*command, "--json", "-")
    assert result.code == 0, result.err
    assert "no result" in " ".join(result.err.split())
    assert "not measured: ru, zh: no files in bucc" in " ".join(result.err.split())
    assert {entry["threshold_source"] for entry in result.json["mining"]} == {
        *("dev", "the other half of dev, by src text"),
    }
    every = crosslift(*command, "--protocol", "all", "--json", "-")
    assert [e["protocol"]["name"] for e in every.json] == ["crosslift", "xtreme", "mteb", "laser"]
    assert every.json[0]["mining"] == result.json["mining"]


def test_a_study_with_bucc_runs_whole(bucc: Path, xlm_folder: Path, tmp_path: Path) -> None:
    arms: Mapping[str, Any] = {
        "baseline": {},
        "text": {"stages": [{"task": "name-alias", "learning_rate": 1e-3}]},
    }
    targets = [
        {"name": "bucc", "data": str(bucc), "protocols": "all"},
        {"name": "names", "languages": ["de"], "protocols": ["xtreme"]},
    ]
    study = small_study(xlm_folder, arms=arms, targets=targets, comparisons=[], start="plain")
    folder = run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    written = json.loads((tmp_path / "out" / "mining.json").read_text(encoding="utf-8"))
    rows = pq.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    values = {
        (r["arm"], r["seed"], r["language"], r["protocol"]): r["value"]
        for r in rows
        if (r["target"], r["metric"], r["subset"]) == ("bucc", "mining_f1", "all")
    }
    assert len(written) == 3 * 2 * 3, "arm with seed, language, protocol that mines"
    for entry in written:
        key = (entry["arm"], entry["seed"], entry["language"], entry["protocol"])
        assert values[key] == pytest.approx(entry["score"]["mining_f1"], abs=1e-6)
    assert not [r for r in rows if r["subset"] == "clean" and "mining" in r["metric"]]
    assert {v.metric for v in folder.verdicts if v.target == "bucc"} == {"mining_f1"}
    protocols = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["protocols"]
    assert protocols["xtreme/mining"]["hidden_state"] == 0
    assert protocols["xtreme/en->xx"]["hidden_state"] == 2
    assert protocols["crosslift/mining"]["hidden_state"] == 2
    assert (tmp_path / "out" / "report.html").is_file()


# A part of the sentences


def split_of_five() -> BuccSplit:
    """Src a..e, tgt v..z; pairs b-y, d-w and then d-z; a, c, e, v and x have no translation."""
    return BuccSplit(
        language="de",
        split="test",
        src_ids=tuple(f"de-{i}" for i in range(5)),
        src=tuple("abcde"),
        tgt_ids=tuple(f"en-{i}" for i in range(5)),
        tgt=tuple("vwxyz"),
        gold=((1, 3), (3, 1), (3, 4)),
    )


@pytest.mark.parametrize(
    ("count", "src", "tgt", "gold"),
    [
        (2, "bd", "wy", {"by", "dw"}),
        (3, "abd", "wyz", {"by", "dw", "dz"}),
        (4, "abcd", "vwyz", {"by", "dw", "dz"}),
        (9, "abcde", "vwxyz", {"by", "dw", "dz"}),
    ],
)
def test_gold_sentences_come_first_and_keep_their_order(
    count: int, src: str, tgt: str, gold: set[str]
) -> None:
    whole = MiningData({"de": {"test": split_of_five()}}, gaps={"ru": "no files"})
    part = first_sentences(whole, count)
    split = part.scored("de")
    assert ("".join(split.src), "".join(split.tgt)) == (src, tgt)
    assert split.gold is not None
    assert {split.src[i] + split.tgt[j] for i, j in split.gold} == gold
    assert split.src_ids == tuple(f"de-{'abcde'.index(text)}" for text in src)
    assert split.tgt_ids == tuple(f"en-{'vwxyz'.index(text)}" for text in tgt)
    assert part.gaps == whole.gaps


def test_a_gold_sentence_without_room_is_no_distractor() -> None:
    split = replace(split_of_five(), gold=((0, 0), (1, 1), (2, 2)))
    part = first_sentences(MiningData({"de": {"test": split}}), 2).scored("de")
    assert (part.src, part.tgt) == (("a", "b"), ("v", "w"))
    split = replace(split_of_five(), gold=((0, 0), (0, 1), (0, 2)))
    part = first_sentences(MiningData({"de": {"test": split}}), 2).scored("de")
    assert part.tgt == ("v", "w"), "x is a translation of a whose pair is not asked for"
    assert part.src == ("a", "b")


def test_the_title_says_how_many_sentences(bucc: Path) -> None:
    settings = TargetSettings(name="bucc", data=bucc, sentences=40)
    loaded = load_target(settings)
    assert loaded.target.title == (
        "BUCC mining (at most 40 sentences a side, those of gold pairs first)"
    )
    assert loaded.data_settings["sentences"] == 40
    assert isinstance(loaded.data, MiningData)
    for of_language in loaded.data.splits.values():
        for split in of_language.values():
            assert max(len(split.src), len(split.tgt)) <= 40
    whole = load(bucc).scored("de")
    assert whole.gold is not None
    assert len(loaded.data.scored("de").gold or ()) == len(whole.gold)


def test_sentences_are_of_mining_and_pairs_are_not(bucc: Path) -> None:
    with pytest.raises(StudyError, match="`sentences: 9` of target 'names'"):
        load_target(TargetSettings(name="names", sentences=9))
    with pytest.raises(StudyError, match="`pairs: 9` of target 'bucc'"):
        load_target(TargetSettings(name="bucc", data=bucc, pairs=9))


def test_a_part_is_scored_from_its_own_texts_alone(bucc: Path, xlm_folder: Path) -> None:
    settings = TargetSettings(name="bucc", data=bucc, languages=("de",), sentences=36)
    evaluation = evaluate(str(xlm_folder), settings)
    (entry,) = evaluation.mining
    data = first_sentences(load(bucc, languages=("de",)), 36)
    assert entry.score.gold == len(
        {(data.scored("de").src[i], data.scored("de").tgt[j]) for i, j in data.scored("de").gold}
    )
    assert evaluation.languages["de"]["n"] == len(set(data.scored("de").src))
