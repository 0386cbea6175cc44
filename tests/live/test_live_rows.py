"""Cosines of a query with candidates, in the texts' space and in that of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crosslift.live.rows import PictureRows, TextMap, TextRows


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def floats(generator: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return generator.normal(size=shape).astype(np.float32)


def cosines(query: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    return (rows.astype(np.float64) @ query) / lengths


def test_candidates_keep_their_order_over_several_parts(generator: np.random.Generator) -> None:
    first, second, query = floats(generator, 3, 8), floats(generator, 4, 8), floats(generator, 8)
    order = np.array([6, 0, 2])
    expected = cosines(query, np.concatenate([first, second])[order])
    rows = TextRows([first, second], order)
    assert rows.of_text(query) == pytest.approx(expected, abs=1e-6)
    assert PictureRows([first, second], order).of_picture(query) == pytest.approx(
        expected, abs=1e-6
    )


def test_a_learned_map_takes_texts_to_pictures_on_either_side(
    generator: np.random.Generator,
) -> None:
    texts, pictures = floats(generator, 5, 8), floats(generator, 6, 3)
    text_map = TextMap(floats(generator, 3, 8), floats(generator, 3))
    mapped = texts @ text_map.weight.T + text_map.bias
    found = TextRows([texts], np.arange(5), text_map).of_picture(pictures[0])
    assert found == pytest.approx(cosines(pictures[0], mapped), abs=1e-5)
    asked = PictureRows([pictures], np.arange(6), text_map).of_text(texts[0])
    assert asked == pytest.approx(cosines(mapped[0], pictures), abs=1e-5)


def test_a_vector_without_length_is_like_nothing() -> None:
    rows = TextRows([np.array([[0, 0], [3, 4]], np.float32)], np.arange(2))
    assert rows.of_text(np.array([3, 4], np.float32)).tolist() == pytest.approx([0, 1])
    assert rows.of_text(np.zeros(2, np.float32)).tolist() == [0, 0]
