"""A translation model's files, and what identifies them. No torch here."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.model_files.find_model import WEIGHTS, ModelKind, PublishedModel, listing
from crosslift.model_files.read_model import check_weights
from crosslift.sources.translation.translation_settings import TranslationSettings

_TRANSLATOR = ModelKind(
    name="translation model",
    error=DataError,
    files=("*.json", WEIGHTS, "*.txt", "*.model", "*.spm"),
    one_of=("config.json",),
    expected="a folder with config.json, model.safetensors and tokenizer files, or a hub name such as "
    "`Helsinki-NLP/opus-mt-en-de`",
)


def translator(settings: TranslationSettings) -> PublishedModel:
    """The model that some settings of the engine seq2seq name."""
    return PublishedModel(_TRANSLATOR, str(settings.model), settings.revision)


def translator_folder(model: PublishedModel) -> Path:
    """The folder of a translation model: a local one, or the download from the hub.

    Raises:
        DataError: no such folder, no network, or no weights as safetensors.
    """
    folder = model.folder()
    check_weights(folder, error=DataError)
    return folder


def is_yet_to_fetch(model: PublishedModel) -> bool:
    """Whether a model is a commit of the hub that is not in the local cache.

    Raises:
        DataError: its name is neither a folder nor a hub name.
    """
    return model.local_folder() is None and model.pinned and model.cached_commit() is None


def translator_facts(model: PublishedModel) -> dict[str, Any]:
    """What determines a model's translations: its files, and a library with which some tokenizers
    normalise punctuation if it is installed.

    Raises:
        DataError: the name is neither a folder nor a hub name.
    """
    files = model.fingerprint(lambda folder: _sum_of_files(folder, model.files_in(folder)))
    sacremoses = importlib.util.find_spec("sacremoses") is not None
    return {"engine": "seq2seq", "files": files, "sacremoses": sacremoses}


def _sum_of_files(folder: Path, paths: list[Path]) -> str:
    return hashlib.sha256(listing(folder, sorted(paths)).removesuffix(";").encode()).hexdigest()
