"""Words whose token rows are near each other in an encoder's token table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import tokenise_words

_COSINES_AT_ONCE = 2**24  # 64 MiB of them
_DECIMALS = 6  # equal rows have equal cosines, wherever in a matrix product they are computed


def nearest_words(
    encoder: Encoder, words: Iterable[str], count: int, least_cosine: float
) -> dict[str, tuple[str, ...]]:
    """For each word that is a single token, the other words with the nearest token rows.

    Words that the encoder does not distinguish are no neighbours: words that differ only by capitals,
    or that have the same token (the first of several such words represents all).

    Args:
        encoder: the encoder with the token table.
        words: the candidates. Words of several tokens have no neighbours and are no neighbours, and so
            do words with characters other than letters: the nearest row of a number is that of another
            number.
        count: largest number of neighbours of a word.
        least_cosine: smallest cosine between the rows of two neighbours.

    Returns:
        Word -> its neighbours, nearest first, equally near ones in the order of the words; words
        without neighbours are left out.
    """
    tokens = _single_tokens(encoder, words)
    firsts: dict[int, str] = {}
    for word, token in tokens.items():
        firsts.setdefault(token, word)
    names = list(firsts.values())
    small = Counter(name.lower() for name in names)
    most = count + max(small.values(), default=0)  # this many may differ by capitals alone
    near = dict(zip(firsts, _near(_rows(encoder, list(firsts)), least_cosine, most), strict=True))
    neighbours: dict[str, tuple[str, ...]] = {}
    for word, token in tokens.items():
        candidates = [names[place] for place in near[token]]
        distinct = [other for other in candidates if other.lower() != word.lower()]
        if distinct[:count]:
            neighbours[word] = tuple(distinct[:count])
    return neighbours


def _single_tokens(encoder: Encoder, words: Iterable[str]) -> dict[str, int]:
    """Word -> its token, for the words in letters that are a single known token."""
    unknown = encoder.tokenizer.unk_token_id
    pieces = tokenise_words(encoder, (word for word in words if word.isalpha())).items()
    return {word: int(ids[0]) for word, ids in pieces if len(ids) == 1 and ids[0] != unknown}


def _rows(encoder: Encoder, tokens: Sequence[int]) -> NDArray[np.float32]:
    """Token rows of length 1, float32 [V, D]."""
    table = encoder.table.whole.detach()
    rows = table[torch.tensor(tokens, dtype=torch.int64, device=table.device)]
    unit_rows: NDArray[np.float32] = (
        torch.nn.functional.normalize(rows.float(), dim=1).cpu().numpy()
    )
    return unit_rows


def _near(rows: NDArray[np.float32], least_cosine: float, most: int) -> Iterator[NDArray[np.int64]]:
    """For each row, the other rows with at least a cosine, nearest first.

    Args:
        rows: float32 [V, D], of length 1.
        least_cosine: smallest cosine between two rows.
        most: largest number for a row.
    """
    block = max(1, _COSINES_AT_ONCE // max(1, len(rows)))
    for start in range(0, len(rows), block):
        cosines = np.round(rows[start : start + block] @ rows.T, _DECIMALS)
        here = np.arange(len(cosines))
        cosines[here, start + here] = -np.inf
        for row in cosines:
            places = np.flatnonzero(row >= np.float32(least_cosine))
            yield places[np.argsort(-row[places], kind="stable")][:most]
