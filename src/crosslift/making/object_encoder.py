"""A text encoder that a user brings as a Python object, such as a SentenceTransformer."""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings, Side, SidePrompts
from crosslift.errors import EncoderError, StudyError
from crosslift.making.trained import Trained
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.steps.step import Step, Workplace

_TEXTS_AT_ONCE = 1024
_HASH_LETTERS = 12


@runtime_checkable
class HasEncode(Protocol):
    """An object that encodes texts. A SentenceTransformer is one."""

    def encode(self, sentences: list[str], /) -> Any:
        """The vectors of N texts [N, D]: an array, a tensor, or a list of either."""


@dataclass(frozen=True, slots=True)
class ObjectEncoder:
    """An object with a method `encode`, as steps use an encoder.

    CrossLift cannot know what decides the object's vectors, so it uses no vector again: each object has
    an identity, and its steps are made in a separate store.

    Args:
        model: the object.
        name: name of the object in results: its class and a hash of its weights, if it is a module of
            torch.
        prompt: text before every text.
        identity: identity of this use of the object.
    """

    model: HasEncode
    name: str
    prompt: str = ""
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, model: object) -> ObjectEncoder:
        """The encoder of an object.

        Raises:
            EncoderError: it has no method `encode`.
        """
        if isinstance(model, type) or not isinstance(model, HasEncode):
            raise EncoderError(
                f"a {type(model).__name__} is no encoder: {str(model)[:100]}",
                "`embedded`, a folder, a hub name, EncoderSettings, or an object with "
                "`encode(list of str)`, such as a SentenceTransformer",
            )
        return cls(model, _name_of(model))

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that decide its vectors; no other object has the same facts."""
        return {"object": self.name, "identity": self.identity, "prompt": self.prompt}

    @property
    def inputs(self) -> dict[str, Step]:
        """The steps that make the encoder: none."""
        return {}

    def check_needs(self) -> None:
        """Returns without a check: the object exists."""

    @property
    def width(self) -> int:
        """Length of its vectors; one text is encoded to find it."""
        return int(self.encode(["a"]).shape[1])

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights that must be loaded: 0, the object has loaded them."""
        return 0

    def of_side(self, prompts: SidePrompts, side: Side) -> ObjectEncoder:
        """The encoder as it reads one side of texts in pairs.

        Raises:
            StudyError: a prompt is given by its name, not as a text.
        """
        named = prompts.side_prompts.get(f"prompt_name_{side}")
        if named is not None:
            raise StudyError(
                f"prompt_name_{side} {named!r} of {self.name}: an object has no names of prompts",
                f"the text of the prompt as prompt_{side}",
            )
        text = prompts.side_prompts.get(f"prompt_{side}")
        return self if text is None else replace(self, prompt=text)

    def read_by(self, protocol: str, reading: object) -> ObjectEncoder:
        """Raises StudyError: another protocol can read an encoder only from its files.

        Args:
            protocol: name of the protocol.
            reading: function that changes an encoder's settings.
        """
        del reading
        raise StudyError(
            f"protocol {protocol} reads hidden states, poolings or prompts of an encoder, which "
            f"{self.name} has not as an object",
            "the protocol crosslift",
            "name its folder or its hub name instead of the object",
        )

    @property
    def devices(self) -> int:
        """Returns 1: the object encodes in this process."""
        return 1

    def vectors(
        self, texts: Sequence[str], workplace: Workplace, ranks: Ranks = ALONE
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """The vectors of N texts, float32 [N, D], and how they were read.

        Args:
            texts: N texts.
            workplace: receives the progress.
            ranks: one rank, as the object encodes in one process.

        Raises:
            EncoderError: as for `encode`.
        """
        del ranks
        reading = {"pooling": f"as encode of {self.name} does it", "prompt": self.prompt}
        return self.encode(texts, workplace.counting(len(texts))), reading

    def write_vectors(
        self, path: Path, texts: Sequence[str], workplace: Workplace, ranks: Ranks
    ) -> dict[str, Any]:
        """Writes the vectors of N texts, and returns how they were read.

        Args:
            path: path of the new ``.npy`` file, float32 [N, D].
            texts: N texts.
            workplace: receives the progress.
            ranks: one rank, as the object encodes in one process.

        Raises:
            EncoderError: as for `encode`.
        """
        vectors, reading = self.vectors(texts, workplace, ranks)
        np.save(path, vectors)
        return reading

    def encode(
        self, texts: Sequence[str], advance: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors of N texts, as the object returns them; each distinct text is encoded once.

        Args:
            texts: N texts.
            advance: called with the number of texts done since the last call. None: not called.

        Returns:
            float32 [N, D], in the order of the texts.

        Raises:
            EncoderError: the object returns no matrix of numbers with a row for each text, rows of
                another width than before, or a number that is not finite.
        """
        distinct = list(dict.fromkeys(texts))
        parts: list[NDArray[np.float32]] = []
        for part in _parts(distinct):
            vectors = self._matrix([self.prompt + text for text in part])
            if parts and vectors.shape[1] != parts[0].shape[1]:
                raise EncoderError(
                    f"encode of {self.name} gives vectors of {vectors.shape[1]} numbers",
                    f"{parts[0].shape[1]}, as for the texts before",
                )
            parts.append(vectors)
            if advance is not None:
                advance(len(part))
        whole = np.concatenate(parts) if parts else np.empty((0, 0), np.float32)
        rows = {text: row for row, text in enumerate(distinct)}
        return whole[[rows[text] for text in texts]]

    def _matrix(self, texts: list[str]) -> NDArray[np.float32]:
        given = self.model.encode(texts)
        try:
            vectors = np.asarray(_on_cpu(given), np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"encode of {self.name} gives a {type(given).__name__} that is no matrix: {error}",
                f"an array of {len(texts)} rows",
            ) from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or vectors.shape[1] == 0:
            raise EncoderError(
                f"encode of {self.name} gives an array of shape {vectors.shape} for {len(texts)} texts",
                f"({len(texts)}, numbers of a vector)",
            )
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise EncoderError(
                f"encode of {self.name} gives {len(bad)} vectors that are not finite; the first is of "
                f"{texts[bad[0]]!r}",
                "finite vectors",
            )
        return vectors


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        yield texts[start : start + _TEXTS_AT_ONCE]


def _on_cpu(vectors: Any) -> Any:
    """Tensors of torch as arrays, also in a list."""
    if isinstance(vectors, list | tuple):
        return [_on_cpu(each) for each in vectors]
    return vectors.detach().float().cpu().numpy() if hasattr(vectors, "detach") else vectors


def _name_of(model: object) -> str:
    kind = type(model).__name__
    checksum = _sum_of_weights(model)
    return f"{kind} ({f'weights {checksum}' if checksum else 'an object'}, vectors not kept)"


def _sum_of_weights(model: object) -> str | None:
    """The beginning of the SHA-256 of a torch module's weights; None if it is no such module."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        return None
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(
            f"{name} {getattr(value, 'dtype', '')} {getattr(value, 'shape', '')};".encode()
        )
        if (
            isinstance(value, torch.Tensor)
            and value.layout == torch.strided
            and not value.is_quantized
        ):
            flat = value.detach().cpu().contiguous().reshape(-1)
            digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()[:_HASH_LETTERS]


def untouched(
    model: EncoderSettings | ObjectEncoder, *, fetched: bool = False
) -> Trained | ObjectEncoder:
    """An untrained encoder, for the steps that use it.

    Args:
        model: settings of the encoder, or the encoder of an object.
        fetched: fetch the encoder's files first, so that its fingerprint is computed from the files.

    Raises:
        EncoderError: the encoder's files cannot be found or fetched.
    """
    if isinstance(model, ObjectEncoder):
        return model
    if fetched:
        local_folder(model)
    return Trained.untouched(model)


@contextmanager
def store_of(model: EncoderSettings | ObjectEncoder, store: Store | None) -> Iterator[Store]:
    """The store of an encoder's vectors: the user's store or, for an object, a store for this use
    alone, which is deleted after the block.

    Args:
        model: settings, or the encoder of an object.
        store: the user's store; None: the store in the user's cache.
    """
    if isinstance(model, EncoderSettings):
        yield store or Store()
        return
    with TemporaryDirectory(prefix="crosslift-") as folder:
        yield Store(Path(folder))
