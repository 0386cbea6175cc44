"""Post-processing of sentence vectors: worked cases, invariants of each step, and faults."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from crosslift.errors import DataError, UnknownNameError
from crosslift.retrieval import diagnostics
from crosslift.retrieval import postprocess as postprocessing
from crosslift.retrieval.directions import both_directions
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.retrieval.postprocess import TEXTS_PER_DIRECTION, postprocess, transforms

Sides = dict[str, NDArray[np.float32]]


def _bitext(pairs: int, width: int, seed: int = 0, noise: float = 1.0, shift: float = 0.0) -> Sides:
    chance = np.random.default_rng(seed)
    meaning = chance.normal(size=(pairs, width))
    return {
        language: (
            meaning + noise * chance.normal(size=(pairs, width)) + shift * chance.normal(size=width)
        ).astype(np.float32)
        for language in ("de", "en")
    }


def _accuracy(sides: Sides) -> float:
    return float(top1_accuracy(both_directions(sides["de"], sides["en"]).src_to_tgt).mean())


def _units(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def _same_cosines(one: NDArray[np.floating], other: NDArray[np.floating]) -> None:
    np.testing.assert_allclose(
        _units(one) @ _units(one).T, _units(other) @ _units(other).T, atol=2e-6
    )


def test_centring_by_hand() -> None:
    sides = {
        "de": np.array([[2, 0], [0, 0.5]], np.float32),
        "en": np.array([[0, 1], [0, -3]], np.float32),
    }
    vectors = postprocess(sides, ["centre"])
    half = 0.5**0.5
    np.testing.assert_allclose(vectors["de"], [[half, -half], [-half, half]], atol=1e-7)
    np.testing.assert_allclose(vectors["en"], [[0, 1], [0, -1]], atol=1e-7)
    assert vectors["de"].dtype == np.float32


def test_no_steps_give_the_vectors_of_length_one() -> None:
    sides = {"de": np.array([[3, 4]], np.float32), "en": np.array([[0, 1e-30]], np.float32)}
    vectors = postprocess(sides, [])
    np.testing.assert_allclose(vectors["de"], [[0.6, 0.8]], atol=1e-7)
    np.testing.assert_allclose(vectors["en"], [[0, 1]], atol=1e-7)


@pytest.mark.parametrize("steps", [["centre"], ["whiten"], ["all-but-the-top"]])
def test_the_scale_of_a_text_has_no_part_in_it(steps: Sequence[str]) -> None:
    sides = _bitext(40, 12)
    scale = np.random.default_rng(1).uniform(1e-12, 1e12, size=(40, 1))
    scaled = {"de": (sides["de"] * scale).astype(np.float32), "en": sides["en"]}
    plain, other = postprocess(sides, steps), postprocess(scaled, steps)
    _same_cosines(np.concatenate(list(plain.values())), np.concatenate(list(other.values())))


def test_centring_removes_what_a_language_has_in_common() -> None:
    sides = _bitext(60, 24, noise=0.6)
    offset = np.zeros(24, np.float32)
    offset[0] = 12
    shifted = {"de": sides["de"] + offset, "en": sides["en"]}
    assert _accuracy(shifted) < 0.5
    assert _accuracy(postprocess(shifted, ["centre"])) > 0.9


def test_whitening_gives_unit_covariance_over_both_sides() -> None:
    sides = _bitext(200, 16, shift=1.0)
    units = _units(np.concatenate([sides["de"], sides["en"]]))
    vectors = postprocess(sides, ["whiten"])
    assert vectors["de"].shape == (200, 16)
    _same_cosines(
        np.concatenate([vectors["de"], vectors["en"]]), PCA(16, whiten=True).fit_transform(units)
    )


@pytest.mark.parametrize("pairs", [10, 30, 200])
def test_whitening_of_few_texts_keeps_few_directions_and_the_pairs(pairs: int) -> None:
    sides = _bitext(pairs, 64, noise=0.5)
    vectors = postprocess(sides, ["whiten"])
    assert vectors["en"].shape[1] == min(64, 2 * pairs // TEXTS_PER_DIRECTION)
    assert _accuracy(vectors) > 0.8  # all directions: every text as far from every other


def test_whitening_drops_directions_without_variance() -> None:
    sides = _bitext(50, 8)
    flat = {language: np.hstack([rows, rows[:, :3]]) for language, rows in sides.items()}
    vectors = postprocess(flat, ["whiten"])
    assert vectors["de"].shape == (50, 8)


def test_all_but_the_top_removes_the_mean_and_the_first_components() -> None:
    sides = _bitext(150, 130, shift=2.0)
    units = _units(np.concatenate([sides["de"], sides["en"]]))
    pca = PCA(1).fit(units)  # 130 / 100, rounded
    centred = units - units.mean(axis=0)
    expected = centred - centred @ pca.components_.T @ pca.components_
    vectors = postprocess(sides, ["all-but-the-top"])
    _same_cosines(np.concatenate([vectors["de"], vectors["en"]]), expected)


@pytest.mark.parametrize(("width", "removed"), [(3, 1), (149, 1), (150, 2), (250, 3), (384, 4)])
def test_how_many_components_are_removed(width: int, removed: int) -> None:
    vectors = postprocess(_bitext(width, width), ["all-but-the-top"])
    rank = np.linalg.matrix_rank(np.concatenate(list(vectors.values())), tol=1e-4)
    assert rank == width - removed


def test_few_texts_of_many_dimensions_have_the_same_components() -> None:
    sides = _bitext(8, 40)
    padded = {language: np.pad(rows, ((0, 0), (0, 0))) for language, rows in sides.items()}
    narrow = {language: rows @ _rotation(40) for language, rows in padded.items()}
    one, other = (postprocess(vectors, ["all-but-the-top"]) for vectors in (sides, narrow))
    _same_cosines(np.concatenate(list(one.values())), np.concatenate(list(other.values())))


def _rotation(width: int) -> NDArray[np.float32]:
    square = np.random.default_rng(3).normal(size=(width, width))
    return np.linalg.qr(square)[0].astype(np.float32)


def test_steps_are_applied_in_their_order() -> None:
    sides = _bitext(60, 10, shift=2.0)
    chained = postprocess(postprocess(sides, ["centre"]), ["whiten"])
    both = postprocess(sides, ["centre", "whiten"])
    _same_cosines(chained["de"], both["de"])
    turned = postprocess(sides, ["whiten", "centre"])
    cosines = _units(turned["de"]) @ _units(turned["en"]).T
    assert np.abs(cosines - _units(both["de"]) @ _units(both["en"]).T).max() > 1e-3


def test_the_input_is_not_changed() -> None:
    sides = _bitext(20, 6)
    before = {language: rows.copy() for language, rows in sides.items()}
    postprocess(sides, ["centre", "whiten", "all-but-the-top"])
    for language, rows in before.items():
        np.testing.assert_array_equal(sides[language], rows)


def test_transforms_leave_the_scoring_out() -> None:
    assert transforms(["centre", "csls", "whiten"]) == ("centre", "whiten")
    assert transforms(["csls"]) == ()
    with pytest.raises(UnknownNameError, match="unknown post-processing 'center'"):
        transforms(["center"])
    with pytest.raises(DataError, match="'whiten' appears twice"):
        transforms(["whiten", "centre", "whiten"])


def test_csls_is_no_transformation() -> None:
    with pytest.raises(DataError, match="'csls' does not transform vectors"):
        postprocess(_bitext(5, 4), ["centre", "csls"])


@pytest.mark.parametrize("step", ["centre", "whiten", "all-but-the-top"])
def test_a_language_with_one_text(step: str) -> None:
    sides = {"de": np.ones((1, 3), np.float32), "en": np.eye(3, dtype=np.float32)}
    with pytest.raises(DataError, match="de has 1 text") as caught:
        postprocess(sides, [step])
    assert caught.value.remedy is not None
    assert step in str(caught.value)


def test_equal_texts_leave_nothing() -> None:
    rows = np.random.default_rng(0).normal(size=(1, 50)).astype(np.float32)
    sides = {"de": np.repeat(rows, 7, axis=0), "en": np.eye(50, dtype=np.float32)}
    with pytest.raises(
        DataError, match=r"'centre' makes the vector of text 0 of de 0 \(7 of 7 texts"
    ):
        postprocess(sides, ["centre"])
    both = {"de": sides["de"], "en": sides["de"][:3]}
    for step in ("whiten", "all-but-the-top"):
        with pytest.raises(DataError, match=f"'{step}' makes the vector of text 0 of de 0"):
            postprocess(both, [step])


def test_a_plane_has_nothing_below_its_top_component() -> None:
    line = {
        "de": np.array([[1, 0], [0, 1]], np.float32),
        "en": np.array([[1, 0], [0, 1]], np.float32),
    }
    with pytest.raises(DataError, match="'all-but-the-top' makes the vector"):
        postprocess(line, ["all-but-the-top"])


def test_faulty_vectors() -> None:
    with pytest.raises(DataError, match="no vectors"):
        postprocess({}, ["centre"])
    sides = _bitext(4, 3)
    with pytest.raises(DataError, match="unequal width: de 3, en 2"):
        postprocess({"de": sides["de"], "en": sides["en"][:, :2]}, ["centre"])
    sides["en"][2, 1] = np.nan
    with pytest.raises(DataError, match="vectors of en: row 2 is not finite"):
        postprocess(sides, ["centre"])
    sides["en"][2] = 0
    with pytest.raises(DataError, match="vectors of en: row 2 is all zeros"):
        postprocess(sides, [])


@pytest.mark.parametrize("module", [postprocessing, diagnostics])
def test_heavy_packages_are_not_imported(module: ModuleType) -> None:
    nodes = list(ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))))
    imported = {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert "numpy" in imported
    assert not {name.split(".")[0] for name in imported} & {"torch", "faiss", "py3langid"}
