"""What Python users may name as a model, and where its vectors are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import StudyError
from crosslift.making.object_encoder import HasEncode, ObjectEncoder
from crosslift.making.trained import Trained

Model: TypeAlias = EncoderSettings | str | Path | HasEncode
"""`embedded`, a folder, a hub name, settings of an encoder, or an object with `encode`."""


def known_model(model: Model) -> EncoderSettings | ObjectEncoder:
    """The settings of an encoder that is named, or the encoder of an object.

    Raises:
        EncoderError: it is neither.
    """
    if isinstance(model, EncoderSettings | ObjectEncoder):
        return model
    if isinstance(model, str | Path):
        return EncoderSettings(name=str(model))
    return ObjectEncoder.of(model)


def encoder_settings(model: Model, what: str) -> EncoderSettings:
    """The settings of an encoder whose files are needed.

    Args:
        model: as a user names it.
        what: needs the files, in words.

    Raises:
        StudyError: it is an object, which has no files.
    """
    known = known_model(model)
    if isinstance(known, ObjectEncoder):
        raise StudyError(
            f"{what} reads hidden states, which {known.name} has not as an object",
            "`embedded`, a folder, a hub name, or EncoderSettings",
        )
    return known


def untouched(known: EncoderSettings | ObjectEncoder) -> Trained | ObjectEncoder:
    """The encoder as it is, for the steps that use it."""
    return known if isinstance(known, ObjectEncoder) else Trained.untouched(known)


@contextmanager
def store_of(encoder: Trained | ObjectEncoder, store: Store | None) -> Iterator[Store]:
    """The store of an encoder's vectors: the user's, or one for this use alone, which is deleted."""
    if encoder.reusable:
        yield store or Store()
        return
    with TemporaryDirectory(prefix="crosslift-") as folder:
        yield Store(Path(folder))
