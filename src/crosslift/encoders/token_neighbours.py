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
    """For each word that is a single token, those others whose token rows are nearest.

    What the encoder reads as the same is no neighbour: a word that differs by capitals alone, or that
    the tokenizer gives the same token (the first of several such words stands for all).

    Args:
        encoder: whose token table is read.
        words: among which they are looked for; those of several tokens have no neighbours and are none.
            So it is with those that are not all letters: next to a number's row is another number's.
        count: at most so many of a word.
        least_cosine: of two rows; what is further is no neighbour.

    Returns:
        Word -> its neighbours, nearest first, of equally near ones in the order of the words; words
        without any are left out.
    """
    tokens = _single_tokens(encoder, words)
    firsts: dict[int, str] = {}
    for word, token in tokens.items():
        firsts.setdefault(token, word)
    names = list(firsts.values())
    small = Counter(name.lower() for name in names)
    most = count + max(small.values(), default=0)  # so many may differ by capitals alone
    near = dict(zip(firsts, _near(_rows(encoder, list(firsts)), least_cosine, most), strict=True))
    found: dict[str, tuple[str, ...]] = {}
    for word, token in tokens.items():
        others = [names[place] for place in near[token]]
        kept = [other for other in others if other.lower() != word.lower()]
        if kept[:count]:
            found[word] = tuple(kept[:count])
    return found


def _single_tokens(encoder: Encoder, words: Iterable[str]) -> dict[str, int]:
    """Word -> its token, of the words in letters that are one that the tokenizer knows."""
    unknown = encoder.tokenizer.unk_token_id
    pieces = tokenise_words(encoder, (word for word in words if word.isalpha())).items()
    return {word: int(ids[0]) for word, ids in pieces if len(ids) == 1 and ids[0] != unknown}


def _rows(encoder: Encoder, tokens: Sequence[int]) -> NDArray[np.float32]:
    """Token rows of length 1, float32 [V, D]."""
    table = encoder.table.whole.detach()
    rows = table[torch.tensor(tokens, dtype=torch.int64, device=table.device)]
    found: NDArray[np.float32] = torch.nn.functional.normalize(rows.float(), dim=1).cpu().numpy()
    return found


def _near(rows: NDArray[np.float32], least_cosine: float, most: int) -> Iterator[NDArray[np.int64]]:
    """Of each row the other rows with such a cosine, nearest first, at most so many.

    Args:
        rows: float32 [V, D], of length 1.
        least_cosine: of two rows.
        most: of a row.
    """
    block = max(1, _COSINES_AT_ONCE // max(1, len(rows)))
    for start in range(0, len(rows), block):
        cosines = np.round(rows[start : start + block] @ rows.T, _DECIMALS)
        here = np.arange(len(cosines))
        cosines[here, start + here] = -np.inf
        for row in cosines:
            places = np.flatnonzero(row >= np.float32(least_cosine))
            yield places[np.argsort(-row[places], kind="stable")][:most]
