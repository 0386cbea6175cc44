"""Objects with `encode` where a model is asked for; no vector of theirs is ever used again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sentence_transformers import SentenceTransformer
from tiny_encoder import TEXTS, make_tiny_encoder

import crosslift
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import EncoderError, StudyError
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.mining.mining_settings import MiningSettings
from crosslift.targets.target_settings import TargetSettings

WIDTH = 64
NAMES = TargetSettings(name="names", languages=("de", "es"), pairs=40)


class Letters:
    """Counts pairs of letters; a word is near a word that is spelt alike."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.calls: list[list[str]] = []

    def encode(self, sentences: list[str]) -> np.ndarray:
        assert isinstance(sentences, list)
        self.calls.append(sentences)
        return np.stack([self.vector(text.lower()) for text in sentences])

    def vector(self, text: str) -> np.ndarray:
        vector = np.zeros(WIDTH)
        for pair in zip(f" {text}", f"{text} ", strict=True):
            digest = hashlib.sha256(f"{self.seed}{pair}".encode()).digest()
            vector[digest[0] % WIDTH] += 1
        return vector


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    use = {"pooling": "mean", "prompt": "", "max_tokens": 32}
    return make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "model", use=use)


def files_of(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_an_object_is_evaluated_and_nothing_of_it_is_kept(store: Store) -> None:
    model = Letters()
    scores = crosslift.evaluate(model, NAMES, store=store)
    assert scores.model == "Letters (an object, vectors not kept)"
    assert scores.languages["de"]["n"] == 40
    assert scores.macro["top1_accuracy"] > 0.2  # 40 candidates: chance is 0.025
    texts = [text for call in model.calls for text in call]
    assert len(texts) == len(set(texts))
    assert not files_of(store)
    again = crosslift.evaluate(model, NAMES, store=store)
    assert again == scores
    assert [text for call in model.calls for text in call] == texts * 2


def test_an_object_that_changed_is_not_taken_for_what_it_was(store: Store) -> None:
    model = Letters()
    before = crosslift.evaluate(model, NAMES, store=store)
    model.vector = lambda text: np.eye(WIDTH)[len(text) % WIDTH]  # type: ignore[method-assign]
    after = crosslift.evaluate(model, NAMES, store=store)
    assert after.macro["top1_accuracy"] < before.macro["top1_accuracy"]


def test_two_objects_are_compared(store: Store) -> None:
    same = crosslift.compare(Letters(), Letters(), NAMES, store=store).targets[0]
    assert same.macro.difference == 0
    blind = Letters()
    blind.vector = lambda text: np.eye(WIDTH)[len(text) % WIDTH]  # type: ignore[method-assign]
    compared = crosslift.compare(blind, Letters(), NAMES, store=store)
    assert compared.first == compared.second == "Letters (an object, vectors not kept)"
    assert compared.targets[0].macro.difference > 0
    assert not files_of(store)


def test_a_sentence_transformer_scores_as_its_folder_does(folder: Path, store: Store) -> None:
    model = SentenceTransformer(str(folder), device="cpu")
    settings = EncoderSettings(name=str(folder), precision="float32")
    expected = crosslift.encode(settings, TEXTS)
    np.testing.assert_allclose(crosslift.encode(model, TEXTS), expected, atol=1e-5)
    scores = crosslift.evaluate(model, NAMES, store=store)
    of_folder = crosslift.evaluate(settings, NAMES, store=store)
    assert scores.macro == pytest.approx(of_folder.macro, abs=0.02)
    compared = crosslift.compare(settings, model, NAMES, store=store)
    assert compared.second == scores.model
    assert abs(compared.targets[0].macro.difference) < 0.02


def test_the_name_of_a_module_has_a_hash_of_its_weights(folder: Path) -> None:
    model = SentenceTransformer(str(folder), device="cpu")
    name = ObjectEncoder.of(model).name
    assert name.startswith("SentenceTransformer (weights ")
    assert ObjectEncoder.of(SentenceTransformer(str(folder), device="cpu")).name == name
    with torch.no_grad():
        next(model.parameters()).add_(1)
    assert ObjectEncoder.of(model).name != name


@pytest.mark.parametrize(
    "change",
    [
        lambda array: array,
        lambda array: array.tolist(),
        list,
        torch.tensor,
        lambda array: [torch.tensor(row, requires_grad=True) for row in array],
        lambda array: torch.tensor(array, dtype=torch.bfloat16),
    ],
)
def test_arrays_tensors_and_lists_of_them(change: Callable[[np.ndarray], Any]) -> None:
    class Changed(Letters):
        def encode(self, sentences: list[str]) -> Any:
            return change(super().encode(sentences))

    texts = [*TEXTS, TEXTS[0]]
    vectors = crosslift.encode(Changed(), texts, normalise=False)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, Letters().encode(texts), atol=0.05)
    unit = crosslift.encode(Changed(), texts)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (lambda n: np.zeros((n + 1, 3)), r"gives an array of shape \(4, 3\) for 3 texts"),
        (np.zeros, r"gives an array of shape \(3,\) for 3 texts"),
        (lambda n: [[1.0], [1.0, 2.0], [3.0]], "gives a list that is no matrix"),
        (lambda n: None, "gives"),
        (
            lambda n: np.full((n, 2), np.nan),
            "gives 3 vectors that are not finite; the first is of 'a'",
        ),
        (lambda n: [["x", "y"]] * n, "gives a list that is no matrix"),
    ],
)
def test_what_is_no_matrix_of_vectors(vectors: Callable[[int], Any], message: str) -> None:
    class Wrong:
        def encode(self, sentences: list[str]) -> Any:
            return vectors(len(sentences))

    with pytest.raises(EncoderError, match=f"encode of Wrong.* {message}"):
        crosslift.encode(Wrong(), ["a", "b", "c"])


def test_prompts_of_sides_are_put_before_the_texts(store: Store) -> None:
    model = Letters()
    prompts = {"prompt_src": "src: ", "prompt_tgt": "tgt: "}
    crosslift.evaluate(model, NAMES.model_copy(update=prompts), store=store)
    starts = {text[:5] for call in model.calls for text in call}
    assert starts == {"src: ", "tgt: "}
    named = NAMES.model_copy(update={"prompt_name_src": "query"})
    with pytest.raises(StudyError, match="prompt_name_src 'query' of Letters"):
        crosslift.evaluate(model, named, store=store)


def test_what_an_object_cannot_be_asked(store: Store) -> None:
    with pytest.raises(StudyError, match="protocol mteb reads"):
        crosslift.evaluate(Letters(), NAMES, protocol="mteb", store=store)
    with pytest.raises(StudyError, match="a sweep reads hidden states"):
        crosslift.sweep(Letters(), NAMES, SweepSettings(target="names"), store=store)
    for wrong in (3, object(), Letters, b"embedded", None):
        with pytest.raises(EncoderError, match="is no encoder"):
            crosslift.encode(wrong, ["a"])


def test_a_path_is_a_folder(folder: Path) -> None:
    np.testing.assert_array_equal(
        crosslift.encode(folder, TEXTS), crosslift.encode(str(folder), TEXTS)
    )


def test_pairs_are_mined_with_an_object(store: Store, tmp_path: Path) -> None:
    words = ("telephone", "hotel", "piano", "banana", "museum", "taxi", "radio", "opera")
    (tmp_path / "a.txt").write_text("".join(f"{w}\n" for w in words), encoding="utf-8")
    (tmp_path / "b.txt").write_text("".join(f"{w}s\n" for w in reversed(words)), encoding="utf-8")
    model = Letters()
    settings = MiningSettings(
        src=tmp_path / "a.txt", tgt=tmp_path / "b.txt", model=model, out=tmp_path / "pairs.tsv"
    )
    outcome = crosslift.mine_files(settings, store)
    assert outcome.model == "Letters (an object, vectors not kept)"
    assert outcome.plan.width == WIDTH
    rows = [line.split("\t") for line in settings.out.read_text(encoding="utf-8").splitlines()]
    pairs = {tuple(row[1:3]) for row in rows}
    assert {(word, f"{word}s") for word in words} <= pairs
    assert not files_of(store)
    with pytest.raises(ValidationError, match="model"):
        MiningSettings(src=settings.src, tgt=settings.tgt, model=3, out=settings.out)
