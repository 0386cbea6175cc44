"""Vectors of a form's texts by a further encoder, which does not train: a guide or a teacher.

Importing it loads no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.read_once import read_once
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import ArtifactError
from crosslift.forms.equal_numbers import Digests, digests_of, numbers_of_digests
from crosslift.ranks.ranks import Ranks

Vectors = NDArray[np.float32]


def further_settings(name: str) -> EncoderSettings:
    """The settings of a further encoder: as its files say, but in float32, so that all machines agree
    on which of two texts is nearer.

    Args:
        name: `embedded`, a folder or a hub name.
    """
    return EncoderSettings(name=name, precision="float32")


class KeptVectors:
    """Vectors of texts, found by the hashes of the texts.

    Args:
        digests: parts, uint64 [N, 2] each: hashes of distinct texts; no text is in two parts.
        vectors: vectors of each part, float32 [N, E]; they may stay on disk.
    """

    def __init__(self, digests: Sequence[Digests], vectors: Sequence[Vectors]) -> None:
        self._digests = np.concatenate(digests)
        self._vectors = list(vectors)
        self._starts = np.cumsum([0, *map(len, digests)])

    @property
    def width(self) -> int:
        """Width E of the encoder's vectors."""
        return int(self._vectors[0].shape[1])

    def rows_of(self, digests: Digests) -> NDArray[np.int64]:
        """The rows of texts, int64 [n], by their hashes, uint64 [n, 2].

        Raises:
            ArtifactError: a text has no vector.
        """
        count = len(self._digests)
        rows = numbers_of_digests(np.concatenate([self._digests, digests]))[count:]
        missing = np.flatnonzero(rows >= count)
        if len(missing):
            raise ArtifactError(
                f"{len(missing):,} of {len(rows):,} training texts have no vector of the guide or "
                "teacher",
                "the texts that the plan has read",
                "the data have changed since: run the same command again",
            )
        return rows

    def at(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of some rows, float32 [n, E], of any length."""
        parts = np.searchsorted(self._starts, rows, side="right") - 1
        vectors = np.empty((len(rows), self.width), np.float32)
        for part in np.unique(parts).tolist():
            of_part = parts == part
            vectors[of_part] = self._vectors[part][rows[of_part] - self._starts[part]]
        return vectors


class FurtherVectors:
    """The vectors of some columns of texts by an encoder, with the prompt that its files name.

    Steps before the training usually make the vectors. For texts that the training itself makes, such
    as copies with synonyms, the encoder reads each distinct text once, when the training begins;
    within a run, training steps with the same texts share the vectors.

    Args:
        name: name of the encoder: `embedded`, a folder or a hub name.
        columns: columns of texts. Equal texts have one vector.
        ranks: ranks that train together; if nothing is kept, the first one encodes for all.
        kept: the vectors of all texts. None: they are encoded now.

    Raises:
        EncoderError: the encoder cannot be loaded, or a vector is not finite.
        ArtifactError: a text is not among those that are kept.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[Sequence[str]],
        ranks: Ranks,
        kept: KeptVectors | None = None,
    ) -> None:
        digests = digests_of(chain.from_iterable(columns))
        self._kept = _encoded_now(name, columns, digests, ranks) if kept is None else kept
        bounds = np.cumsum([len(column) for column in columns])[:-1]
        self._places = np.split(self._kept.rows_of(digests), bounds)

    @property
    def width(self) -> int:
        """Width E of the encoder's vectors."""
        return self._kept.width

    def of(self, column: int, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of some rows of a column, float32 [n, E], of any length.

        Args:
            column: number of the column, from 0.
            rows: int64 [n].
        """
        return self._kept.at(self._places[column][rows])


def _encoded_now(
    name: str, columns: Sequence[Sequence[str]], digests: Digests, ranks: Ranks
) -> KeptVectors:
    firsts = np.unique(numbers_of_digests(digests), return_index=True)[1]

    def encoded() -> Vectors:
        every = _Joined(columns)
        return _encoded(name, [every[n] for n in firsts])

    return KeptVectors([digests[firsts]], [ranks.once(encoded)])


def _key(name: str, texts: Sequence[str]) -> tuple[str, str]:
    return name, key_of({"texts": list(texts)})


@read_once(key=_key, most=1)
def _encoded(name: str, texts: Sequence[str]) -> Vectors:
    """The vectors of distinct texts, float32 [N, E]; those of the last call are kept for the run."""
    from crosslift.encoders.text_reader import load_reader

    return load_reader(further_settings(name)).encode(texts)


class _Joined:
    """Columns of texts, one after another."""

    def __init__(self, columns: Sequence[Sequence[str]]) -> None:
        self._columns = columns
        self._starts = np.cumsum([0, *(len(column) for column in columns)])

    def __getitem__(self, row: int) -> str:
        column = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._columns[column][int(row - self._starts[column])]
