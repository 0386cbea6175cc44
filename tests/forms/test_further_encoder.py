"""Vectors of a guide or a teacher: each text once, shared by the training steps of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import load_tiny

from crosslift.artifacts.read_once import reading_once
from crosslift.encoders import text_reader
from crosslift.encoders.encode_texts import encode
from crosslift.forms.further_encoder import FurtherVectors
from crosslift.ranks.ranks import ALONE

ANCHORS, POSITIVES = ["a cat", "two", "a cat"], ["cats", "a cat", "zwei"]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts of each call that encodes."""
    calls: list[list[str]] = []
    inner = text_reader.encode

    def counting(encoder: object, texts: list[str]) -> object:
        calls.append(list(texts))
        return inner(encoder, texts)  # type: ignore[arg-type]

    monkeypatch.setattr(text_reader, "encode", counting)
    return calls


def test_equal_texts_are_encoded_once(bert_folder: Path, encoded: list[list[str]]) -> None:
    vectors = FurtherVectors(str(bert_folder), [ANCHORS, POSITIVES], ALONE)
    assert encoded == [["a cat", "two", "cats", "zwei"]]
    expected = encode(load_tiny(bert_folder, precision="float32"), [ANCHORS[1], POSITIVES[2]])
    assert np.allclose(vectors.of(0, np.array([1])), expected[:1], atol=1e-5)
    assert np.allclose(vectors.of(1, np.array([2])), expected[1:], atol=1e-5)
    assert np.array_equal(vectors.of(0, np.array([0, 2])), vectors.of(1, np.array([1, 1])))


def test_training_steps_of_a_run_share_them(bert_folder: Path, encoded: list[list[str]]) -> None:
    name = str(bert_folder)
    with reading_once():
        first, again = (FurtherVectors(name, [ANCHORS], ALONE) for _ in range(2))
        assert len(encoded) == 1
        assert np.array_equal(first.of(0, np.arange(3)), again.of(0, np.arange(3)))
        FurtherVectors(name, [POSITIVES], ALONE)
        assert len(encoded) == 2
    FurtherVectors(name, [POSITIVES], ALONE)
    assert len(encoded) == 3, "the next run reads the files again"
