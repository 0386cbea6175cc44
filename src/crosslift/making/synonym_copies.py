"""Randomized smoothing by synonyms (RS-DA) inside a training step: which synonyms, and the copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.token_neighbours import nearest_words
from crosslift.forms.form import Split
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


def robust_facts(settings: RobustSettings | None) -> dict[str, Any] | None:
    """What decides what robust training does, JSON-like: of a file of synonyms its content, not its
    path.

    Raises:
        DataError: the file cannot be read, or WordNet is not installed.
    """
    if settings is None:
        return None
    facts = settings.model_dump(mode="json")
    asked = settings.data_augmentation
    if asked is not None and isinstance(asked.synonyms, Path):
        facts["data_augmentation"]["synonyms"] = read_synonyms(asked.synonyms).checksum
    elif asked is not None and asked.synonyms == "wordnet":
        facts["data_augmentation"]["synonyms"] = wordnet_checksum()
    return facts


def smoothed(
    split: Split, form: FormSpec, settings: RobustSettings | None, encoder: Encoder, seed: int
) -> tuple[Split, dict[str, Any]]:
    """Training records with copies in their place, where a stage asks for them.

    Args:
        split: the records, with what their form reads of their pictures.
        form: of the task.
        settings: of the stage.
        encoder: as the stage finds it, whose token rows may tell the synonyms.
        seed: of the draws.

    Returns:
        The records, and what is told of the copies: `augmentation`, with the number of copies, of
        words, of those that have synonyms, and of those that were replaced. Nothing without them.

    Raises:
        DataError: no word has a synonym.
    """
    asked = settings.data_augmentation if settings else None
    if asked is None:
        return split, {}
    synonyms = _synonyms(asked, split, form, encoder)
    found = augmented(split.records, form, synonyms, asked.copies, seed)
    places = None if split.places is None else split.places.repeat(asked.copies)
    if split.places is None and (split.pictures is not None or split.features is not None):
        places = split.places_of_records.repeat(asked.copies)
    teachings = None if split.teachings is None else split.teachings.repeat(asked.copies, axis=0)
    told = {
        "copies": asked.copies,
        "source": synonyms.source,
        "words": found.words,
        "with_synonyms": found.with_synonyms,
        "replaced": found.replaced,
    }
    copies = replace(split, records=found.records, places=places, teachings=teachings)
    return copies, {"augmentation": told}


def _synonyms(
    asked: DataAugmentationSettings, split: Split, form: FormSpec, encoder: Encoder
) -> Synonyms:
    if isinstance(asked.synonyms, Path):
        return read_synonyms(asked.synonyms)
    words = english_words(split.records, form)
    if asked.synonyms == "wordnet":
        return wordnet_synonyms(words)
    content = [word for word in words if word not in FUNCTION_WORDS]
    near = nearest_words(encoder, content, asked.neighbours, asked.least_cosine)
    return Synonyms(near, "", "the encoder's token rows")
