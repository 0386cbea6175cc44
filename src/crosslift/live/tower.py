"""An arm's image tower: puts pictures into the space that they share with its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.encoders.precision import device
from crosslift.forms.picture_form import PictureForm
from crosslift.images.features import decode_all, extract_features
from crosslift.images.tower_facts import preparation_for
from crosslift.images.tower_settings import TowerSettings
from crosslift.images.towers import open_tower
from crosslift.live.rows import TextMap, Vector
from crosslift.making.embed_pictures import head_of
from crosslift.making.trained_heads import load_head
from crosslift.planning.picture_steps import form_of
from crosslift.planning.plan import ArmRun
from crosslift.planning.training_steps import task_of, task_with_pictures
from crosslift.sources.picture import Picture
from crosslift.steps.step import Step

Squares = NDArray[np.uint8]


class PictureBatch:
    """Some pictures, decoded once for each size, and run once through each frozen tower.

    Args:
        pictures: N of them.
        max_pixels: the most that a picture may declare.
    """

    def __init__(self, pictures: Sequence[Picture], max_pixels: int) -> None:
        self._pictures = pictures
        self._max_pixels = max_pixels
        self._squares: dict[Any, Squares] = {}
        self._features: dict[Any, NDArray[np.floating]] = {}

    def squares(self, settings: TowerSettings) -> Squares:
        """The pictures in the input format of a tower, uint8 [N, S, S, 3].

        Raises:
            DataError: a picture cannot be read.
        """
        size, framing, background = preparation = preparation_for(settings)
        if preparation not in self._squares:
            self._squares[preparation], _ = decode_all(
                self._pictures,
                size,
                fit=framing,
                background=background,
                max_pixels=self._max_pixels,
            )
        return self._squares[preparation]

    def features(
        self, settings: TowerSettings, seed: int, *, patches: bool
    ) -> NDArray[np.floating]:
        """The features of a frozen tower: [N, E], or [N, P, W] of patches."""
        key = (settings, seed, patches)
        if key not in self._features:
            tower = open_tower(settings, seed, device())
            self._features[key] = extract_features(tower, self.squares(settings), states=patches)
        return self._features[key]


class LiveTower:
    """The image tower of an arm and its trained head.

    Args:
        trained: the training step of its stage.
        seed: seed of the arm, for a frozen tower with random weights.
        store: with the artifact of the step.
    """

    def __init__(self, trained: Step, seed: int, store: Store) -> None:
        self._task = _task(trained)
        self._trained, self._store = trained, store
        self._form: PictureForm = form_of(task_of(trained, self._task).task)
        self._seed = seed if self._form.tower_settings.from_scratch else 0

    @cached_property
    def _state(self) -> Mapping[str, Any]:
        return load_head(self._trained, self._store, self._task)

    @cached_property
    def _head(self) -> Any:
        return head_of(self._form, self._state)

    @cached_property
    def text_map(self) -> TextMap | None:
        """The map that the task learned; None: texts are in the space of the pictures as they are."""
        if "map.weight" not in self._state:
            return None
        weight, bias = (self._state[f"map.{name}"].float().numpy() for name in ("weight", "bias"))
        return TextMap(weight, bias)

    def vectors(self, batch: PictureBatch) -> NDArray[np.float32]:
        """The vectors of pictures, float32 [N, D].

        Raises:
            DataError: a picture cannot be read.
        """
        import torch

        settings, patches = self._form.tower_settings, self._form.patches
        if self._form.frozen:
            computed = batch.features(settings, self._seed, patches=patches)
            features = torch.from_numpy(np.array(computed, np.float32))
        else:
            features = self._head.features(batch.squares(settings), patches=patches)
        with torch.inference_mode():
            vectors: NDArray[np.float32] = self._head.picture_vectors(features).float().numpy()
        return vectors

    def vector(self, batch: PictureBatch) -> Vector:
        """The vector of the first picture, float32 [D]."""
        first: Vector = self.vectors(batch)[0]
        return first


def _task(trained: Step) -> str:
    task = task_with_pictures(trained)
    if task is None:
        raise TypeError(f"{trained.label} has no image tower")
    return task


def tower_of(run: ArmRun, store: Store) -> LiveTower | None:
    """The tower of an arm; None: no stage of it puts pictures and texts into one space."""
    return None if run.tower_step is None else LiveTower(run.tower_step, run.seed, store)
