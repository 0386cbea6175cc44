"""The models that Python users may give."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import StudyError
from crosslift.making.object_encoder import HasEncode, ObjectEncoder

Model: TypeAlias = EncoderSettings | str | Path | HasEncode
"""`embedded`, a folder, a hub name, settings of an encoder, or an object with `encode`."""


def known_model(model: Model) -> EncoderSettings | ObjectEncoder:
    """The settings of a named encoder, or the encoder of an object.

    Raises:
        EncoderError: it is neither.
    """
    if isinstance(model, EncoderSettings | ObjectEncoder):
        return model
    if isinstance(model, str | Path):
        return EncoderSettings(name=str(model))
    return ObjectEncoder.of(model)


def encoder_settings(model: Model, what: str) -> EncoderSettings:
    """The settings of an encoder that has files.

    Args:
        model: a name or settings.
        what: the work that needs the files, in words.

    Raises:
        StudyError: the model is an object, which has no files.
    """
    known = known_model(model)
    if isinstance(known, ObjectEncoder):
        raise StudyError(
            f"{what} reads hidden states, and the object {known.name} has none",
            "`embedded`, a folder, a hub name, or EncoderSettings",
        )
    return known
