"""Pictures of the same kind: the partners of a control of image-text tasks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import small_study
from tiny_encoder import load_tiny, tiny_split

from crosslift.errors import DataError, StudyError
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.image_text import ImageText
from crosslift.images.embedded_tower import embedded_classifier
from crosslift.images.picture_kinds import class_scores, kinds_of, partners_of_kind
from crosslift.images.tower_settings import TowerSettings
from crosslift.planning.plan_study import plan_study


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40), st.integers(0, 9))
def test_every_picture_has_another_of_its_kind(classes: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).random((len(classes), 6))
    scores[np.arange(len(classes)), classes] += 10
    kinds = kinds_of(scores)
    assert (np.bincount(kinds)[kinds] > 1).all()
    of_several = np.bincount(classes)[classes] > 1
    if of_several.any():
        assert (kinds[of_several] == np.array(classes)[of_several]).all()
    partners = partners_of_kind(kinds, seed)
    assert sorted(partners) == list(range(len(classes)))
    assert (partners != np.arange(len(classes))).all()
    assert (kinds[partners] == kinds).all()
    assert (partners == partners_of_kind(kinds, seed)).all()


def test_a_picture_alone_in_its_class_takes_the_next_class_that_others_have() -> None:
    scores = np.array([[9.0, 1, 0], [8, 0, 1], [3, 9, 4], [2, 1, 9], [0, 3, 9]])
    assert kinds_of(scores).tolist() == [0, 0, 2, 2, 2]


def test_scores_are_those_of_the_tower_s_classifier() -> None:
    weights, biases = embedded_classifier("embedded")
    features = np.random.default_rng(0).random((5, 1280), np.float32)
    scores = class_scores(TowerSettings("embedded"), features)
    assert np.allclose(scores, features @ weights.numpy().T + biases.numpy(), atol=1e-4)


def test_texts_go_to_pictures_of_their_kind(bert_folder: Path) -> None:
    """Two classes of three pictures each: features along the classifier's rows."""
    weights, _ = embedded_classifier("embedded")
    rows = weights.numpy()[[7, 7, 7, 90, 90, 90]]
    features = (rows / np.linalg.norm(rows, axis=1, keepdims=True) * 50).astype(np.float32)
    split = Split(tiny_split("image-text").records, features=features)
    options = FormOptions(text_locked=False, partners="same-kind", seed=3)
    task = ImageText().open(load_tiny(bert_folder), split, Split([]), options)
    pictures = task.pictures.picture_rows(np.arange(6))
    assert set(pictures[:3]) == {0, 1, 2} and set(pictures[3:]) == {3, 4, 5}
    assert (pictures != np.arange(6)).all()


@pytest.mark.parametrize(
    "settings",
    [{"tower": "convolutional"}, {"tower_side": "trainable"}, {"tower_weights": "random"}],
)
def test_a_tower_that_knows_no_kinds_is_refused(settings: dict[str, str]) -> None:
    with pytest.raises(DataError, match="without a tower that knows kinds"):
        ImageText(**settings).check_kinds()  # type: ignore[arg-type]


def test_a_study_says_so_before_it_runs(bert_folder: Path) -> None:
    stage = {"task": "picture-name", "options": {"tower": "convolutional"}, "limit": 200}
    arms = {"baseline": {}, "image": {"stages": [stage], "controls": ["same-kind-pictures"]}}
    study = small_study(bert_folder, arms=arms, comparisons=[], targets=["pictures"])
    with pytest.raises(StudyError, match="control same-kind-pictures of task 'picture-name'"):
        plan_study(study)
