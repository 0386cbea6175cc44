"""Diagnostics of vectors: worked cases, independent implementations, edge cases and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import skew
from sklearn.linear_model import Ridge

from crosslift.errors import DataError
from crosslift.results.vector_diagnoses import Diagnosis
from crosslift.retrieval import diagnostics
from crosslift.retrieval.diagnostics import (
    FEWEST_TEXTS,
    FOLDS,
    MARGIN_QUANTILES,
    NEIGHBOURS,
    RIDGE,
    diagnose,
    separability,
)
from crosslift.retrieval.directions import both_directions
from crosslift.retrieval.metrics import top1_accuracy

Rows = NDArray[np.float64]


def _angles(*degrees: float) -> Rows:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def _bitext(
    pairs: int = 120, width: int = 24, noise: float = 1.0, seed: int = 0
) -> tuple[Rows, Rows]:
    chance = np.random.default_rng(seed)
    src = chance.normal(size=(pairs, width)) * np.linspace(2, 0.2, width)
    return src, src + noise * chance.normal(size=(pairs, width)) + 0.2


def _units(rows: Rows) -> Rows:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_three_pairs_by_hand() -> None:
    diagnosis = diagnose("de", _angles(0, 90, 180), _angles(60, 90, 180))
    assert diagnosis.n_pairs == 3
    assert diagnosis.mean_cosine_src == pytest.approx(-1 / 3, abs=1e-6)
    within = (np.cos(np.radians(30)) + 0 - 0.5) / 3  # 60 and 90, 90 and 180, 60 and 180 degrees
    assert diagnosis.mean_cosine_tgt == pytest.approx(within, abs=1e-6)
    assert diagnosis.alignment == pytest.approx(1 / 3, abs=1e-6)
    margins = sorted([0.5 - 0, 1 - np.cos(np.radians(30)), 1 - 0])
    assert diagnosis.margins_src_to_tgt is not None
    np.testing.assert_allclose(
        diagnosis.margins_src_to_tgt.quantiles, np.quantile(margins, MARGIN_QUANTILES), atol=1e-6
    )
    assert diagnosis.margins_src_to_tgt.above_zero == 1
    backward = [0.5 - np.cos(np.radians(30)), 1 - 0, 1 - 0]  # 60 degrees is closer to 90 than to 0
    assert diagnosis.margins_tgt_to_src is not None
    assert diagnosis.margins_tgt_to_src.above_zero == pytest.approx(2 / 3)
    assert diagnosis.margins_tgt_to_src.quantiles[2] == pytest.approx(np.median(backward), abs=1e-6)


def test_mean_cosine_is_that_of_all_pairs_of_different_texts() -> None:
    src, tgt = _bitext()
    diagnosis = diagnose("de", src * 7, tgt)
    for side, value in ((src, diagnosis.mean_cosine_src), (tgt, diagnosis.mean_cosine_tgt)):
        cosines = _units(side) @ _units(side).T
        assert value == pytest.approx(cosines[~np.eye(len(side), dtype=bool)].mean(), abs=1e-6)


def _paper_iso_score(rows: Rows) -> float:
    """IsoScore by the steps of the paper."""
    width = rows.shape[1]
    variances = np.clip(np.linalg.eigvalsh(np.cov(rows.T)), 0, None)
    normed = np.sqrt(width) * variances / np.linalg.norm(variances)
    defect = np.linalg.norm(normed - 1) / np.sqrt(2 * (width - np.sqrt(width)))
    share = (width - defect**2 * (width - np.sqrt(width))) ** 2 / width**2
    return float((width * share - 1) / (width - 1))


@pytest.mark.parametrize("pairs", [5, 30, 400])
def test_iso_score_is_that_of_the_paper(pairs: int) -> None:
    src, tgt = _bitext(pairs)
    diagnosis = diagnose("de", src, tgt)
    assert diagnosis.iso_score_src == pytest.approx(_paper_iso_score(_units(src)), abs=1e-5)
    assert diagnosis.iso_score_tgt == pytest.approx(_paper_iso_score(_units(tgt)), abs=1e-5)


def test_iso_score_at_its_ends() -> None:
    cross = np.concatenate([np.eye(3), -np.eye(3)])  # the same variance everywhere
    line = np.array([[1.0, 0, 0], [-1.0, 0, 0]] * 3)  # all variance in one dimension
    diagnosis = diagnose("de", cross, line)
    assert diagnosis.iso_score_src == pytest.approx(1, abs=1e-6)
    assert diagnosis.iso_score_tgt == pytest.approx(0, abs=1e-6)


def _occurrences(scores: Rows) -> Rows:
    """How often each column is among the nearest of a row; those that tie share the places."""
    times = np.zeros(scores.shape[1])
    for row in scores:
        last = np.sort(row)[-NEIGHBOURS]
        times[row > last] += 1
        tied = row == last
        times[tied] += (NEIGHBOURS - (row > last).sum()) / tied.sum()
    return times


def test_hubness_is_that_of_counting() -> None:
    src, tgt = _bitext(90, 12)
    src[:, 0] += 1.5
    diagnosis = diagnose("de", src, tgt)
    scores = (_units(src) @ _units(tgt).T).astype(np.float32).astype(np.float64)
    for hubness, table in (
        (diagnosis.hubness_src_to_tgt, scores),
        (diagnosis.hubness_tgt_to_src, scores.T),
    ):
        times = _occurrences(table)
        assert hubness is not None
        assert hubness.skewness == pytest.approx(float(skew(times)), abs=1e-4)
        assert hubness.never_retrieved == pytest.approx((times == 0).mean())


def test_a_hub_by_hand() -> None:
    """20 queries; the first 10 candidates are the nearest of all of them."""
    src = np.tile([1.0, 0.0], (20, 1)) + 0.01 * np.arange(20)[:, None] * [0, 1]
    near, far = _angles(*range(10)), _angles(*range(150, 160))
    diagnosis = diagnose("de", src, np.concatenate([near, far]))
    assert diagnosis.hubness_src_to_tgt is not None
    assert diagnosis.hubness_src_to_tgt.never_retrieved == 0.5
    assert diagnosis.hubness_src_to_tgt.skewness == pytest.approx(0, abs=1e-9)  # half 20, half 0


def test_equal_candidates_share_the_last_places() -> None:
    src = _angles(*np.linspace(0, 5, 22))
    tgt = np.concatenate([_angles(*range(9)), np.repeat(_angles(40), 13, axis=0)])
    diagnosis = diagnose("de", src, tgt)
    times = np.array([22.0] * 9 + [22 / 13] * 13)
    assert diagnosis.hubness_src_to_tgt is not None
    assert diagnosis.hubness_src_to_tgt.never_retrieved == 0
    assert diagnosis.hubness_src_to_tgt.skewness == pytest.approx(float(skew(times)), abs=1e-6)


def test_margins_above_zero_are_the_accuracy_where_nothing_ties() -> None:
    src, tgt = _bitext(noise=2.0)
    diagnosis, ranks = diagnose("de", src, tgt), both_directions(src, tgt)
    assert diagnosis.margins_src_to_tgt is not None and diagnosis.margins_tgt_to_src is not None
    forward = float(top1_accuracy(ranks.src_to_tgt).mean())
    assert 0.1 < forward < 0.9
    assert diagnosis.margins_src_to_tgt.above_zero == pytest.approx(forward)
    backward = float(top1_accuracy(ranks.tgt_to_src).mean())
    assert diagnosis.margins_tgt_to_src.above_zero == pytest.approx(backward)


def test_the_same_text_twice_has_a_margin_of_zero_exactly() -> None:
    src, tgt = _bitext(40, 384, noise=0.01)
    tgt[30:35] = tgt[2]
    diagnosis = diagnose("de", src, tgt)
    assert diagnosis.margins_src_to_tgt is not None
    assert diagnosis.margins_src_to_tgt.above_zero == pytest.approx(34 / 40)
    assert diagnosis.margins_tgt_to_src is not None
    assert diagnosis.margins_tgt_to_src.above_zero == pytest.approx(35 / 40)  # five ask for another
    src[30:35] = src[2]
    again = diagnose("de", src, tgt).margins_src_to_tgt
    assert again is not None
    assert again.above_zero == pytest.approx(34 / 40)
    assert again.quantiles[0] == 0


@pytest.mark.parametrize("pairs", [21, 29, 37, 51])
@pytest.mark.parametrize("width", [384, 769, 1024])
def test_equal_candidates_tie_whatever_the_matrix_kernel_does(pairs: int, width: int) -> None:
    """A kernel may add in another order at the edge of its blocks, so equal texts score once."""
    chance = np.random.default_rng(width)
    src = chance.normal(size=(pairs, width))
    tgt = np.tile(chance.normal(size=width), (pairs, 1))
    diagnosis = diagnose("de", src, tgt)
    assert diagnosis.margins_src_to_tgt is not None and diagnosis.hubness_src_to_tgt is not None
    assert diagnosis.margins_src_to_tgt.quantiles == (0, 0, 0, 0, 0)
    assert diagnosis.hubness_src_to_tgt.skewness == 0
    assert diagnosis.hubness_src_to_tgt.never_retrieved == 0


def _plain_probe(classes: list[Rows]) -> float:
    """The probe by scikit-learn's ridge regression, fold by fold."""
    correct = [0.0] * len(classes)
    for fold in range(FOLDS):
        train = [np.delete(rows, np.s_[fold::FOLDS], axis=0) for rows in classes]
        weights = np.concatenate(
            [np.full(len(t), 1 / len(rows)) for t, rows in zip(train, classes, strict=True)]
        )
        stacked = np.concatenate(train)
        labels = np.repeat(np.arange(len(classes)), [len(rows) for rows in train])
        mean = np.average(stacked, axis=0, weights=weights)
        ridge = RIDGE * (weights @ np.square(stacked - mean)).sum() / stacked.shape[1]
        probe = Ridge(alpha=ridge).fit(stacked, np.eye(len(classes))[labels], sample_weight=weights)
        for place, rows in enumerate(classes):
            correct[place] += (probe.predict(rows[fold::FOLDS]).argmax(axis=1) == place).sum()
    return float(np.mean([n / len(rows) for n, rows in zip(correct, classes, strict=True)]))


def test_the_probe_is_a_ridge_regression_on_other_folds() -> None:
    src, tgt = _bitext(83, noise=0.5)
    diagnosis = diagnose("de", src, tgt)
    assert diagnosis.probe_accuracy is not None
    assert 0.55 < diagnosis.probe_accuracy < 1
    assert diagnosis.probe_accuracy == pytest.approx(
        _plain_probe([_units(src), _units(tgt)]), abs=1e-9
    )


def test_the_probe_separates_languages_and_nothing_else() -> None:
    src, tgt = _bitext(100, noise=0.3)
    mark = 8 * np.eye(24)[3]
    assert diagnose("de", src - mark, tgt + mark).probe_accuracy == 1
    chance = np.random.default_rng(5)
    alike = diagnose("de", chance.normal(size=(400, 8)), chance.normal(size=(400, 8)))
    assert alike.probe_accuracy == pytest.approx(0.5, abs=0.08)
    assert diagnose("de", src, src).probe_accuracy == pytest.approx(0.5, abs=0.02)


def test_separability_is_a_ridge_regression_of_several_languages() -> None:
    chance = np.random.default_rng(2)
    sizes = {"de": 40, "fr": 63, "ja": 25, "en": 40}
    vectors = {
        code: chance.normal(size=(size, 16)) + 0.5 * chance.normal(size=16)
        for code, size in sizes.items()
    }
    accuracy = separability(vectors)
    assert accuracy is not None
    assert 0.4 < accuracy < 1
    assert accuracy == pytest.approx(_plain_probe([_units(v) for v in vectors.values()]), abs=1e-9)
    assert separability({code: rows * 3 for code, rows in vectors.items()}) == pytest.approx(
        accuracy
    )


def test_separability_uses_at_most_the_set_number_of_texts() -> None:
    chance = np.random.default_rng(4)
    vectors = {code: chance.normal(size=(101, 6)) for code in ("de", "fr", "ja")}
    sample = {code: rows[::4] for code, rows in vectors.items()}  # 26 at equal distances
    assert separability(vectors, most=26) == separability(sample)
    assert separability(vectors, most=26) != separability(vectors)


def test_separability_that_cannot_be_computed() -> None:
    chance = np.random.default_rng(6)
    many, few = chance.normal(size=(30, 4)), chance.normal(size=(FEWEST_TEXTS - 1, 4))
    assert separability({}) is None
    assert separability({"de": many}) is None
    assert separability({"de": many, "fr": few}) is None
    assert separability({"de": many, "fr": many}) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(DataError, match="unequal width: de 4, fr 3"):
        separability({"de": many, "fr": many[:, :3]})
    with pytest.raises(DataError, match="at most 5 texts"):
        separability({"de": many, "fr": many}, most=5)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from _numbers(entry)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("pairs", [1, 2, 5, 10, 11, 19, 20, 60])
@pytest.mark.parametrize("kind", ["random", "equal texts", "one dimension"])
def test_every_number_is_finite_and_missing_ones_have_a_note(pairs: int, kind: str) -> None:
    src, tgt = _bitext(pairs, 1 if kind == "one dimension" else 24)
    if kind == "equal texts":
        src, tgt = np.ones_like(src), np.ones_like(src)
    diagnosis = diagnose("de", src, tgt)
    content = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
    assert np.isfinite(list(_numbers(content))).all()
    notes = " ".join(diagnosis.notes)
    assert (
        (diagnosis.probe_accuracy is None) == (pairs < FEWEST_TEXTS) == ("a probe needs" in notes)
    )
    small = pairs <= NEIGHBOURS
    assert (diagnosis.hubness_tgt_to_src is None) == small == ("hubness needs 11" in notes)
    assert (diagnosis.margins_src_to_tgt is None) == (pairs == 1) == ("no wrong candidate" in notes)
    if kind == "equal texts" and pairs > 1:
        assert diagnosis.iso_score_src is None
        assert "all src vectors are equal" in notes


def test_equal_texts_everywhere() -> None:
    rows = np.tile(np.random.default_rng(0).normal(size=384), (50, 1))
    diagnosis = diagnose("de", rows, rows)
    assert diagnosis.mean_cosine_src == pytest.approx(1)
    assert diagnosis.alignment == 0
    assert diagnosis.probe_accuracy == 0.5
    assert diagnosis.hubness_src_to_tgt is not None and diagnosis.margins_src_to_tgt is not None
    assert (
        diagnosis.hubness_src_to_tgt.skewness,
        diagnosis.hubness_src_to_tgt.never_retrieved,
    ) == (0, 0)
    assert diagnosis.margins_src_to_tgt.quantiles == (0, 0, 0, 0, 0)
    assert diagnosis.margins_src_to_tgt.above_zero == 0


def test_json_names_every_field() -> None:
    content = diagnose("de", *_bitext()).to_json()
    assert list(content) == [*Diagnosis.model_fields]
    assert content["language"] == "de"
    assert content["notes"] == []
    assert set(content["hubness_src_to_tgt"]) == {"skewness", "never_retrieved"}
    assert len(content["margins_tgt_to_src"]["quantiles"]) == len(MARGIN_QUANTILES)
    assert json.loads(json.dumps(content)) == content


def test_of_very_many_pairs_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    src, tgt = _bitext(121)
    monkeypatch.setattr(diagnostics, "MOST_PAIRS", 31)
    diagnosis = diagnose("de", src, tgt)
    assert diagnosis.n_pairs == 31
    assert diagnosis.notes == ("31 of 121 pairs were looked at",)
    few = diagnose("de", src[::4], tgt[::4])
    assert diagnosis.margins_src_to_tgt == few.margins_src_to_tgt


def test_the_same_vectors_give_the_same_numbers() -> None:
    src, tgt = _bitext()
    assert diagnose("de", src, tgt) == diagnose("de", src.copy(), tgt.copy())


def test_faulty_vectors() -> None:
    src, tgt = _bitext(30)
    with pytest.raises(DataError, match=r"de: src vectors of shape \(30, 24\), tgt .* \(29, 24\)"):
        diagnose("de", src, tgt[1:])
    with pytest.raises(DataError, match=r"tgt vectors of shape \(30, 23\)"):
        diagnose("de", src, tgt[:, 1:])
    src[4, 4] = np.inf
    with pytest.raises(DataError, match="row 4 is not finite"):
        diagnose("de", src, tgt)
    src[4] = 0
    with pytest.raises(DataError, match="row 4 is all zeros"):
        diagnose("de", src, tgt)
