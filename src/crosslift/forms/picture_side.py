"""The picture side that the forms with pictures share: the picture of a record, and its features from
the image tower."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_compactly
from crosslift.errors import DataError
from crosslift.forms.alike import Alike, text_numbers
from crosslift.forms.form import (
    Column,
    FormOptions,
    Pictures,
    Rows,
    Split,
    column,
    group_numbers,
    rows_by_group,
)
from crosslift.forms.forward import text_vectors
from crosslift.forms.picture_form import PictureForm
from crosslift.images.augment import augment
from crosslift.images.features import extract_features
from crosslift.images.picture_kinds import (
    class_scores,
    kinds_of,
    partners_of_kind,
)
from crosslift.images.towers import ImageTower, open_tower
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.retrieval.metrics import recall_at
from crosslift.retrieval.ranks import gold_ranks


class PictureSide(torch.nn.Module):
    """The picture side of a head: the image tower, unless it is frozen, and the map from its features
    to the shared space.

    Args:
        form: the form.
        width: D of the shared space.
        seed: seed of the weights that start from scratch.
        features: W of the features of a frozen tower; None: the tower is trained, and knows W.
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
        """The modules that started from published weights; they learn at the tower's learning rate."""
        return (self.tower,) if self.tower is not None and self._began_published else ()

    def features(self, pictures: Pictures, *, patches: bool, ranks: Ranks = ALONE) -> Tensor:
        """The trained tower's features of pictures uint8 [N, S, S, 3]: see `extract_features`. Of
        several ranks, each runs its share of the batches and has the features of all."""
        if self.tower is None:
            raise DataError("a frozen image tower is not part of its task's head")
        features = extract_features(self.tower, pictures, states=patches, turn=ranks.turn)
        whole = torch.from_numpy(np.asarray(features, np.float32))
        ranks.add_up([whole])
        return whole


class SplitPictures:
    """The pictures of a split's records, or their features, for batches.

    Args:
        form: the form.
        split: records with pictures, or with the features of a frozen tower.
        options: options of the stage.
        device: device of the tensors.

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
        self._form, self._device, self._ranks = form, device, options.ranks
        self._pictures, self._features = pictures, features
        groups = group_numbers(split.records)
        self.places = split.places_of_records
        texts = text_numbers(Column(split.records, form.text))[0]
        self._alike = Alike(groups, self.places, texts)
        self.count = len(features if pictures is None else pictures)  # type: ignore[arg-type]
        self._partners = np.arange(self.count)
        if options.partners == "wrong":
            self._partners = wrong_partners(self._partner_groups(groups), options.seed)
        elif options.partners == "same-kind":
            form.check_kinds()
            scores = class_scores(form.tower_settings, np.asarray(features))
            self._partners = partners_of_kind(kinds_of(scores), options.seed)

    def _partner_groups(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of pictures, int64 [P]: only pictures with different numbers become partners in
        shuffling.

        Pictures that a chain of equal texts connects have the same number. If this connects more than
        half of all pictures, as with labels of one word, the number is only that of their group, and a
        picture may get a partner with the same text.
        """
        numbers = np.empty(self.count, np.int64)
        numbers[self.places] = self._alike.components()
        if 2 * int(np.bincount(numbers).max()) > self.count:
            numbers[self.places] = groups
        return numbers

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs. In each, a picture appears once, with one of its texts."""
        return rows_by_group(self.places, start, count, seed)

    def alike(self, rows: Rows) -> Tensor:
        """Which records of a batch show the same thing (same group, picture or text), bool [B, B]: none
        is a negative of another."""
        return torch.from_numpy(self._alike.between(rows, rows)).to(self._device)

    def check_negatives(self) -> None:
        """Raises if no record can have a negative in any batch.

        Raises:
            DataError: all records show the same thing.
        """
        self._alike.check_negatives("pictures with captions")

    @property
    def width(self) -> int | None:
        """W of a frozen tower's features; None if a trained tower computes them from pictures."""
        return None if self._features is None else int(self._features.shape[-1])

    def features(
        self, side: PictureSide | None, rows: Rows, generator: np.random.Generator
    ) -> Tensor:
        """The tower's features of the pictures of some records, float32 [B, W], or [B, P, W] if the
        form reads patches; with gradient if the tower is trained. Of several ranks, each runs its share
        of the pictures and has the features of all.

        Args:
            side: picture side of the head; None for a frozen tower.
            rows: rows of the records.
            generator: generator of the augmentation.
        """
        pictures = self.picture_rows(rows)
        if self._features is not None:
            features = np.asarray(self._features[pictures], np.float32)
            return torch.from_numpy(features).to(self._device)
        if side is None or side.tower is None or self._pictures is None:
            raise DataError("pictures without an image tower to see them")
        tower = side.tower
        share = self._ranks.even(len(rows))
        shown, kind = self._pictures[pictures], self._form.augmentation
        augmented = augment(shown, generator, kind, some=share.own)
        states = tower.states(tower.as_input(augmented, self._device))
        features_of_share = states if self._form.patches else tower.pooled(states)
        return self._ranks.gathered(features_of_share.float(), share)

    def all_features(self, side: PictureSide | None) -> Tensor:
        """The tower's features of every distinct picture, not augmented: [P, ...]; without gradient."""
        if self._features is not None:
            return torch.from_numpy(np.array(self._features, np.float32)).to(self._device)
        if side is None or self._pictures is None:
            raise DataError("pictures without an image tower to see them")
        features = side.features(self._pictures, patches=self._form.patches, ranks=self._ranks)
        return features.to(self._device)

    def picture_rows(self, rows: Rows) -> Rows:
        """The distinct pictures that some records are paired with, int64 [B]."""
        return self._partners[self.places[rows]]

    def records_of_partners(self, rows: Rows) -> Rows:
        """Each record itself or, if texts have other pictures than their own, a record of the picture
        it is paired with."""
        if (self._partners == np.arange(self.count)).all():
            return rows
        first = np.zeros(self.count, np.int64)
        first[self.places[::-1]] = np.arange(len(self.places))[::-1]
        records: Rows = first[self._partners[self.places[rows]]]
        return records


class SharedSpace(Protocol):
    """A head that puts texts and pictures into one space."""

    def text_vectors(self, vectors: Tensor) -> Tensor:
        """Maps pooled text vectors [N, D] to the shared space."""

    def picture_vectors(self, features: Tensor) -> Tensor:
        """Maps the tower's features of pictures to the shared space."""


class DevPictures:
    """The dev pictures and texts of a form that puts both into one space.

    Args:
        form: the form.
        encoder: the text encoder.
        dev: the dev records, at least one.
        ranks: ranks that share the work.
        hidden_state: hidden state of the encoder that is pooled; None: the encoder's.
    """

    def __init__(
        self,
        form: PictureForm,
        encoder: Encoder,
        dev: Split,
        ranks: Ranks,
        hidden_state: int | None = None,
    ) -> None:
        plain = FormOptions(text_locked=False, partners="own", seed=0, ranks=ranks)
        self._ranks = ranks
        self._encoder, self._hidden_state = encoder, hidden_state
        self._pictures = SplitPictures(form, dev, plain, encoder.device)
        self._texts = column(dev.records, form.text)
        self.sequences = tokenise_compactly(encoder, self._texts)

    def scores(self, head: SharedSpace) -> dict[str, float]:
        """Recall at 10 from texts to the distinct pictures."""
        side = head if isinstance(head, PictureSide) else None
        features = self._pictures.all_features(side)
        encoded = text_vectors(self._encoder, self._texts, self._ranks, self._hidden_state)
        vectors = torch.from_numpy(encoded).to(features.device)
        return self._ranks.once(lambda: self._recall(head, vectors, features))

    def _recall(self, head: SharedSpace, vectors: Tensor, features: Tensor) -> dict[str, float]:
        with torch.inference_mode():
            texts = head.text_vectors(vectors).float().cpu().numpy()
            pictures = head.picture_vectors(features).float().cpu().numpy()
        ranks = gold_ranks(texts, pictures, self._pictures.places)
        return {"dev_recall_at_10": float(recall_at(ranks, 10).mean())}


def wrong_partners(groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A shuffling of N pictures in which no partner has the same group.

    Args:
        groups: int64 [N]; pictures of one group show the same thing.
        seed: seed of the shuffling.

    Returns:
        int64 [N], a permutation.

    Raises:
        DataError: more than half of the pictures are of one group, so that there is no such shuffling.
    """
    largest = int(np.bincount(groups).max())
    if 2 * largest > len(groups):
        raise DataError(f"pictures cannot be shuffled: {largest} of {len(groups)} are of one group")
    # Pictures are laid out group by group, with the groups in random order. Rotating them by the size
    # of the largest group moves every picture out of its group, to a random other one.
    generator = np.random.default_rng(seed)
    turn = generator.permutation(int(groups.max()) + 1)
    order = generator.permutation(len(groups))
    by_group = order[np.argsort(turn[groups[order]], kind="stable")]
    partners = np.empty_like(order)
    partners[by_group] = np.roll(by_group, largest)
    return partners
