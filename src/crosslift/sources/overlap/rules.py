"""The rules by which two texts that are not equal count as overlapping; see `find_overlap`.

Each rule yields every pair of texts that it considers similar, with their similarity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from crosslift.sources.overlap.compared_forms import Wording
from crosslift.sources.overlap.sets import (
    GRAM,
    CandidatePairs,
    Sets,
    count_shared,
    gram_sets,
    rarest,
    sharing,
    word_sets,
)

NEAR_LETTERS = 6
"""Two texts are never near if one has fewer letters."""

WORDS, WORDS_SHARED = 4, 0.75
"""The fewest words of a test text compared by shared words, and their least share of the longer."""

FEW_WORDS = 2
"""A test text with fewer words is compared only as a whole and by its runs of letters."""

EDITED_LETTERS, LETTERS_AN_EDIT = 32, 6
"""The most letters of a text compared by edits, and the letters per allowed edit."""

INSIDE_WORDS, INSIDE_LETTERS = 5, 20
"""The fewest words, or letters, of a test text that is a part of a longer text."""

PART_LETTERS, PART_SHARE = 6, 0.6
"""The fewest letters, and the least share of the test text's, of a training text inside it."""

_SLACK = 1e-9  # keeps a float error from shortening a prefix


class OverlappingPairs(NamedTuple):
    """Pairs that overlap.

    Args:
        rows: int64 [P], rows of the test.
        columns: int64 [P], rows of training.
        similarity: float64 [P], in (0, 1].
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    similarity: NDArray[np.float64]

    @classmethod
    def of(
        cls, pairs: CandidatePairs, similarity: NDArray[np.float64], mask: NDArray[np.bool_]
    ) -> OverlappingPairs:
        """The pairs at which a bool array [P] is true."""
        return cls(*pairs.where(mask), similarity[mask])


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in the forms for comparison.

    Args:
        letters: N strings, see `Wording`.
        sizes: float64 [N], numbers of words.
        lengths: int64 [N], numbers of letters.
        grams: the texts' runs of four letters; those that no test text has are left out.
        words: the sets of their words.
    """

    letters: NDArray[np.object_]
    sizes: NDArray[np.float64]
    lengths: NDArray[np.int64]
    grams: Sets
    words: Sets

    @classmethod
    def of(cls, train: Sequence[Wording], test: Sequence[Wording]) -> tuple[Texts, Texts]:
        """Training texts and test texts, whose sets have the same columns."""
        both = [*train, *test]
        grams = gram_sets([text.letters for text in both], len(train))
        words = word_sets([text.words for text in both], len(train))
        letters = np.array([text.letters for text in both], dtype=object)
        sizes = np.array([text.size for text in both], dtype=np.float64)
        lengths = np.array([len(text.letters) for text in both], dtype=np.int64)
        cut = len(train)
        first, second = (
            cls(letters[part], sizes[part], lengths[part], grams.part(part), words.part(part))
            for part in (slice(None, cut), slice(cut, None))
        )
        return first, second


def near_in_grams(train: Texts, test: Texts, threshold: float) -> Iterator[OverlappingPairs]:
    """Pairs whose sets of four-letter runs have a Jaccard similarity of at least a threshold.

    The sizes of the sets bound it (Xiao et al., "Efficient similarity joins for near duplicate
    detection", WWW 2008, section 2).
    """
    sizes = test.grams.sizes, train.grams.sizes
    heads = [
        rarest(texts.grams, _prefix(size, threshold) * (texts.lengths >= NEAR_LETTERS))
        for texts, size in zip((test, train), sizes, strict=True)
    ]
    for block in sharing(*heads):
        smaller, larger = _smaller_larger(*sizes, block)
        pairs = block.where(smaller >= threshold * larger - _SLACK)
        smaller, larger = _smaller_larger(*sizes, pairs)
        common = count_shared(test.grams.members, train.grams.members, pairs)
        similarity = common / (smaller + larger - common)
        yield OverlappingPairs.of(pairs, similarity, similarity >= threshold)


def near_in_words(train: Texts, test: Texts) -> Iterator[OverlappingPairs]:
    """Pairs that share three quarters of the words of the longer one, in any order."""
    sizes = test.words.sizes, train.words.sizes
    long = [texts.lengths >= NEAR_LETTERS for texts in (test, train)]
    heads = [
        rarest(test.words, _prefix(sizes[0], WORDS_SHARED) * (long[0] & (test.sizes >= WORDS))),
        rarest(train.words, _prefix(sizes[1], WORDS_SHARED) * long[1]),
    ]
    for block in sharing(*heads):
        smaller, larger = _smaller_larger(*sizes, block)
        pairs = block.where(smaller >= WORDS_SHARED * larger - _SLACK)
        larger = _smaller_larger(*sizes, pairs)[1]
        similarity = count_shared(test.words.members, train.words.members, pairs) / larger
        yield OverlappingPairs.of(pairs, similarity, similarity >= WORDS_SHARED)


def near_in_letters(train: Texts, test: Texts) -> Iterator[OverlappingPairs]:
    """Short pairs that share a run of four letters and differ in at most one letter of six.

    The edit distance is Levenshtein's; similarity is 1 less its share of the longer one's letters.
    Each edit changes at most four runs, so either set keeps all but four for each edit.
    """
    lengths = test.lengths, train.lengths
    enough = (test.sizes >= FEW_WORDS, np.ones(len(train.sizes), dtype=np.bool_))
    heads = []
    for texts, eligible in zip((test, train), enough, strict=True):
        edits = texts.lengths // (
            LETTERS_AN_EDIT - 1
        )  # the other may be longer by an edit for each
        short = (texts.lengths >= NEAR_LETTERS) & (texts.lengths <= EDITED_LETTERS)
        heads.append(rarest(texts.grams, (GRAM * edits + 1) * (short & eligible)))
    for block in sharing(*heads):
        shorter, longer = _smaller_larger(*lengths, block)
        pairs = block.where((longer - shorter) * LETTERS_AN_EDIT <= longer)
        longer = _smaller_larger(*lengths, pairs)[1]
        edits = _edit_distances(test.letters[pairs.rows], train.letters[pairs.columns])
        yield OverlappingPairs.of(pairs, 1 - edits / longer, edits * LETTERS_AN_EDIT <= longer)


def _edit_distances(first: NDArray[np.object_], second: NDArray[np.object_]) -> NDArray[np.int64]:
    """Edit distances of pairs of short texts; above the largest allowed one, some greater number."""
    if not len(first):
        return np.zeros(0, dtype=np.int64)
    most = EDITED_LETTERS // LETTERS_AN_EDIT
    distances = cpdist(
        first, second, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.int64
    )
    return np.asarray(distances, dtype=np.int64)


def inside_training(train: Texts, test: Texts) -> Iterator[OverlappingPairs]:
    """Pairs of a test text and a longer training text that contains it, letter for letter."""
    enough = (test.sizes >= INSIDE_WORDS) | (test.lengths >= INSIDE_LETTERS)
    anchors = rarest(test.grams, (enough & (test.lengths >= NEAR_LETTERS)).astype(np.int64))
    for block in sharing(anchors, train.grams.members):
        pairs = block.where(train.lengths[block.columns] > test.lengths[block.rows])
        is_inside = _is_inside(test.letters[pairs.rows], train.letters[pairs.columns])
        yield OverlappingPairs.of(pairs, np.ones(len(is_inside)), is_inside)


def inside_test(train: Texts, test: Texts) -> Iterator[OverlappingPairs]:
    """Pairs of a test text and a training text that is most of it, letter for letter."""
    anchors = rarest(train.grams, (train.lengths >= PART_LETTERS).astype(np.int64))
    for block in sharing(test.grams.members, anchors):
        share = train.lengths[block.columns] / test.lengths[block.rows]
        mask = (share < 1) & (share >= PART_SHARE) & (test.sizes[block.rows] >= FEW_WORDS)
        pairs = block.where(mask)
        is_inside = _is_inside(train.letters[pairs.columns], test.letters[pairs.rows])
        yield OverlappingPairs.of(pairs, share[mask], is_inside)


def _is_inside(shorter: NDArray[np.object_], longer: NDArray[np.object_]) -> NDArray[np.bool_]:
    is_inside = [one in other for one, other in zip(shorter, longer, strict=True)]
    return np.array(is_inside, dtype=np.bool_)


def _smaller_larger(
    test: NDArray[np.int64], train: NDArray[np.int64], pairs: CandidatePairs
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The smaller and the larger value of each pair."""
    first, second = test[pairs.rows], train[pairs.columns]
    return np.minimum(first, second), np.maximum(first, second)


def _prefix(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The rarest n - ceil(share n) + 1 members of each set of n: enough to meet any similar set."""
    counts = sizes - np.ceil(share * sizes - _SLACK).astype(np.int64) + 1
    return np.where(sizes > 0, counts, 0)
