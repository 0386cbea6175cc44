"""The picture side that the forms with pictures share: which picture a record shows, and what the
image tower makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.form import (
    FormOptions,
    Pictures,
    Rows,
    Split,
    column,
    group_numbers,
    rows_by_group,
)
from crosslift.images.augment import Augmentation, augment
from crosslift.images.features import extract_features
from crosslift.images.tower_settings import EMBEDDED, TowerSettings
from crosslift.images.towers import ImageTower, open_tower
from crosslift.retrieval.metrics import recall_at
from crosslift.retrieval.ranks import gold_ranks


@dataclass(frozen=True, slots=True)
class PictureForm:
    """The settings that all forms with pictures share.

    Args:
        text: name of the records' text column.
        tower: the image tower: ``embedded``, the packaged one (or ``embedded-medium``,
            ``embedded-small``); ``convolutional``, a small network trained from scratch; or a folder
            or hub name of a vision model of transformers (the vision half of CLIP and SigLIP), or
            ``timm:NAME``.
        tower_revision: commit or branch of a hub name.
        tower_weights: ``random``: of a published tower only the architecture, with random weights.
        tower_side: None: ``frozen``, but ``trainable`` where the tower starts from scratch. ``frozen``:
            the tower stays as it is, and its features are computed once a picture
            (locked-image tuning: Zhai et al. 2022, arXiv 2111.07991); what maps them to the text's
            space is trained.
        picture_size: side of the square pictures in pixels; None: the tower's own.
        augmentation: of pictures that a trained tower sees; frozen towers see them as they are.
    """

    text: str = "text"
    tower: str = EMBEDDED[0]
    tower_revision: str | None = None
    tower_weights: Literal["published", "random"] = "published"
    tower_side: Literal["trainable", "frozen"] | None = None
    picture_size: int | None = None
    augmentation: Augmentation = "drawing"

    @property
    def columns(self) -> tuple[str, ...]:
        """The text column."""
        return (self.text,)

    @property
    def tower_settings(self) -> TowerSettings:
        """Of its image tower."""
        return TowerSettings(self.tower, self.tower_revision, self.tower_weights, self.picture_size)

    @property
    def frozen(self) -> bool:
        """Whether its tower stays as it is."""
        if self.tower_side is None:
            return not self.tower_settings.from_scratch
        return self.tower_side == "frozen"

    @property
    def patches(self) -> bool:
        """Whether it reads the states of a picture's patches, not one vector of the picture."""
        return False

    @property
    def reads_teachings(self) -> bool:
        """Whether it learns from a teacher's vectors of the texts (`Split.teachings`)."""
        return False

    def check(self) -> None:
        """Raises where the form cannot be trained with its image tower; most forms take any.

        Raises:
            DataError: the reason.
        """


class PictureSide(torch.nn.Module):
    """What a head holds of the picture side: the image tower, unless it is frozen, and the map from
    its features to the shared space.

    Args:
        form: the form.
        width: D of the shared space.
        seed: of the weights that start from scratch.
        features: W of the features of a frozen tower; None: the tower is trained, and says so.
    """

    def __init__(
        self, form: PictureForm, width: int, seed: int, features: int | None = None
    ) -> None:
        super().__init__()
        self._began_published = not form.tower_settings.from_scratch
        self.tower: ImageTower | None = None
        if not form.frozen:
            tower = open_tower(form.tower_settings, seed, torch.device("cpu"))
            features = tower.width if form.patches else tower.pooled_width
            self.tower = tower
        if features is None:
            raise DataError("a frozen image tower has no features to map")
        self.project = torch.nn.Linear(features, width)

    @property
    def published(self) -> tuple[torch.nn.Module, ...]:
        """The parts that began with published weights, and learn at the tower's own rate."""
        return (self.tower,) if self.tower is not None and self._began_published else ()

    def features(self, pictures: Pictures, *, patches: bool) -> Tensor:
        """What the trained tower makes of pictures uint8 [N, S, S, 3]: see `extract_features`."""
        if self.tower is None:
            raise DataError("a frozen image tower is not held by its task's head")
        features = extract_features(self.tower, pictures, states=patches)
        return torch.from_numpy(np.asarray(features, np.float32))


class ShownPictures:
    """The pictures of a split's records, as a batch asks for them.

    Args:
        form: the form.
        split: records with pictures, or with the features of a frozen tower.
        options: of the stage.
        device: where tensors go.

    Raises:
        DataError: the records have no pictures, or cannot be shuffled.
    """

    def __init__(
        self, form: PictureForm, split: Split, options: FormOptions, device: torch.device
    ) -> None:
        pictures = None if form.frozen else split.pictures
        features = split.features if form.frozen else None
        if pictures is None and features is None:
            what = "features" if form.frozen else "pictures"
            side = "frozen" if form.frozen else "trainable"
            raise DataError(f"the records for a {side} image tower have no {what}")
        self._form, self._device = form, device
        self._pictures, self._features = pictures, features
        groups = group_numbers(split.records)
        self.places = split.places_of_records
        texts = text_numbers(column(split.records, form.text))[0]
        self._alike = Alike(groups, self.places, texts)
        self.count = len(features if pictures is None else pictures)  # type: ignore[arg-type]
        self._shown = np.arange(self.count)
        if options.shuffle_pictures:
            self._shown = wrong_partners(self._apart(groups), options.seed)

    def _apart(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of pictures, int64 [P]: only pictures of two numbers are partners when shuffled.

        Pictures that a chain of equal texts connects have one number. Where that joins more than half
        of all, as labels of one word do, it is their group alone, and a picture may then get another
        that shares a text.
        """
        wrong = np.empty(self.count, np.int64)
        wrong[self.places] = self._alike.joined()
        if 2 * int(np.bincount(wrong).max()) > self.count:
            wrong[self.places] = groups
        return wrong

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs, in each of which a picture comes once, with one of its texts."""
        return rows_by_group(self.places, start, count, seed)

    def alike(self, rows: Rows) -> Tensor:
        """Which records of a batch show the same thing (one group, one picture or one text), bool
        [B, B]: none is a negative of another."""
        return torch.from_numpy(self._alike.between(rows, rows)).to(self._device)

    def check_negatives(self) -> None:
        """Raises where no record can have a negative in any batch.

        Raises:
            DataError: all records show the same thing.
        """
        self._alike.check_negatives("pictures with captions")

    @property
    def width(self) -> int | None:
        """W of a frozen tower's features; None of pictures, which a tower is to see first."""
        return None if self._features is None else int(self._features.shape[-1])

    def features(
        self, side: PictureSide | None, rows: Rows, generator: np.random.Generator
    ) -> Tensor:
        """What the tower makes of the pictures of some records, float32 [B, W], or [B, P, W] where
        the form reads patches; with gradient where the tower is trained.

        Args:
            side: of the head; None of a frozen tower.
            rows: of the records.
            generator: of the augmentation.
        """
        shown = self.shown(rows)
        if self._features is not None:
            return torch.from_numpy(np.asarray(self._features[shown], np.float32)).to(self._device)
        if side is None or side.tower is None or self._pictures is None:
            raise DataError("pictures without an image tower to see them")
        tower = side.tower
        seen = augment(self._pictures[shown], generator, self._form.augmentation)
        states = tower.states(tower.as_input(seen, self._device))
        return (states if self._form.patches else tower.pooled(states)).float()

    def all_features(self, side: PictureSide | None) -> Tensor:
        """What the tower makes of every distinct picture, as it is: [P, ...]; without gradient."""
        if self._features is not None:
            return torch.from_numpy(np.array(self._features, np.float32)).to(self._device)
        if side is None or self._pictures is None:
            raise DataError("pictures without an image tower to see them")
        return side.features(self._pictures, patches=self._form.patches).to(self._device)

    def shown(self, rows: Rows) -> Rows:
        """Which of the distinct pictures some records are shown with, int64 [B]."""
        return self._shown[self.places[rows]]

    def shown_records(self, rows: Rows) -> Rows:
        """For each record, itself, or one of the picture that it was given in the shuffling."""
        if (self._shown == np.arange(self.count)).all():
            return rows
        first = np.zeros(self.count, np.int64)
        first[self.places[::-1]] = np.arange(len(self.places))[::-1]
        records: Rows = first[self._shown[self.places[rows]]]
        return records


class SharedSpace(Protocol):
    """A head that puts texts and pictures into one space."""

    def text_vectors(self, vectors: Tensor) -> Tensor:
        """From pooled text vectors [N, D] to the shared space."""

    def picture_vectors(self, features: Tensor) -> Tensor:
        """From what the tower makes of pictures to the shared space."""


class DevPictures:
    """The dev pictures and texts of a form that puts both into one space.

    Args:
        form: the form.
        encoder: the text encoder.
        dev: the dev records, one at least.
    """

    def __init__(self, form: PictureForm, encoder: Encoder, dev: Split) -> None:
        plain = FormOptions(text_locked=False, shuffle_pictures=False, seed=0)
        self._encoder = encoder
        self._pictures = ShownPictures(form, dev, plain, encoder.device)
        self._texts = column(dev.records, form.text)
        self.sequences = encoder.tokenise(self._texts)

    def scores(self, head: SharedSpace) -> dict[str, float]:
        """Recall at 10 from texts to the distinct pictures."""
        side = head if isinstance(head, PictureSide) else None
        features = self._pictures.all_features(side)
        vectors = torch.from_numpy(encode(self._encoder, self._texts)).to(features.device)
        with torch.inference_mode():
            texts = head.text_vectors(vectors).float().cpu().numpy()
            shown = head.picture_vectors(features).float().cpu().numpy()
        ranks = gold_ranks(texts, shown, self._pictures.places)
        return {"dev_recall_at_10": float(recall_at(ranks, 10).mean())}


def wrong_partners(groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A shuffling of N pictures that gives none a partner of its own group.

    Args:
        groups: int64 [N]; pictures of one group show the same thing.
        seed: of the shuffling.

    Returns:
        int64 [N], a permutation.

    Raises:
        DataError: more than half of the pictures are of one group, so that none exists.
    """
    largest = int(np.bincount(groups).max())
    if 2 * largest > len(groups):
        raise DataError(f"pictures cannot be shuffled: {largest} of {len(groups)} are of one group")
    # Pictures laid out group by group, the groups in random order: rotating them by the size of the
    # largest group takes every picture out of its group, to a random other one.
    generator = np.random.default_rng(seed)
    turn = generator.permutation(int(groups.max()) + 1)
    order = generator.permutation(len(groups))
    by_group = order[np.argsort(turn[groups[order]], kind="stable")]
    partners = np.empty_like(order)
    partners[by_group] = np.roll(by_group, largest)
    return partners
