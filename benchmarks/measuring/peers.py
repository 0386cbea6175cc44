"""Quiet models of the libraries that CrossLift is compared with."""

from __future__ import annotations

from typing import Any

import transformers

from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings


def embedded_folder() -> str:
    """The folder of the embedded encoder, in the published layout."""
    return str(local_folder(EncoderSettings(name="embedded")))


def quiet() -> None:
    """Transformers prints neither warnings nor progress from here on."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def sentence_transformer(**settings: Any) -> Any:
    """The embedded encoder in sentence-transformers.

    Args:
        settings: of ``SentenceTransformer``.
    """
    from sentence_transformers import SentenceTransformer

    quiet()
    return SentenceTransformer(embedded_folder(), device="cpu", **settings)
