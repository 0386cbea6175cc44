"""Randomized smoothing by synonyms (RS-DA) inside a training step: the synonyms, and the copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosslift.forms.form import Split
from crosslift.results.arm_facts import Augmentation
from crosslift.sources.synonyms import (
    FUNCTION_WORDS,
    Synonyms,
    read_synonyms,
    wordnet_checksum,
    wordnet_synonyms,
)
from crosslift.tasks.augmentation import augmented, english_words
from crosslift.tasks.task import FormSpec
from crosslift.training.robust_settings import DataAugmentationSettings, RobustSettings

if TYPE_CHECKING:
    from crosslift.encoders.load_encoder import Encoder


def robust_facts(settings: RobustSettings | None) -> dict[str, Any] | None:
    """The facts that decide robust training, JSON-like: for a file of synonyms its content, not its
    path.

    Raises:
        DataError: the file cannot be read, or WordNet is not installed.
    """
    if settings is None:
        return None
    facts = settings.model_dump(mode="json")
    augmentation = settings.data_augmentation
    if augmentation is not None and isinstance(augmentation.synonyms, Path):
        facts["data_augmentation"]["synonyms"] = read_synonyms(augmentation.synonyms).checksum
    elif augmentation is not None and augmentation.synonyms == "wordnet":
        facts["data_augmentation"]["synonyms"] = wordnet_checksum()
    return facts


def smoothed(
    split: Split, form: FormSpec, settings: RobustSettings | None, encoder: Encoder, seed: int
) -> tuple[Split, Augmentation | None]:
    """Training records, replaced by copies if the settings of the stage say so.

    Args:
        split: records, with the data of their pictures that their form reads.
        form: form of the task.
        settings: settings of the stage.
        encoder: encoder at the start of the stage; its token rows may give the synonyms.
        seed: seed of the random generator.

    Returns:
        The records, and the facts of their copies; None without copies.

    Raises:
        DataError: no word has a synonym.
    """
    augmentation = settings.data_augmentation if settings else None
    if augmentation is None:
        return split, None
    count = augmentation.copies
    synonyms = _synonyms(augmentation, split, form, encoder)
    copies = augmented(split.records, form, synonyms, count, seed)
    places = None if split.places is None else split.places.repeat(count)
    if split.places is None and (split.pictures is not None or split.features is not None):
        places = split.places_of_records.repeat(count)
    teachings = None if split.teachings is None else split.teachings.repeat(count, axis=0)
    facts = Augmentation(
        copies=count,
        source=synonyms.source,
        words=copies.words,
        with_synonyms=copies.with_synonyms,
        replaced=copies.replaced,
    )
    return replace(split, records=copies.records, places=places, teachings=teachings), facts


def _synonyms(
    settings: DataAugmentationSettings, split: Split, form: FormSpec, encoder: Encoder
) -> Synonyms:
    if isinstance(settings.synonyms, Path):
        return read_synonyms(settings.synonyms)
    words = english_words(split.records, form)
    if settings.synonyms == "wordnet":
        return wordnet_synonyms(words)
    from crosslift.encoders.token_neighbours import nearest_words

    content = [word for word in words if word not in FUNCTION_WORDS]
    near = nearest_words(encoder, content, settings.neighbours, settings.least_cosine)
    return Synonyms(near, "", "the encoder's token rows")
