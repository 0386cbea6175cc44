"""The texts of pairs and of a corpus, and which of them are right for a pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from crosslift.forms.alike import text_numbers
from crosslift.forms.equal_numbers import equal_numbers
from crosslift.forms.form import Column
from crosslift.sources.overlap.compared_forms import spaced, wording_of
from crosslift.sources.overlap.sets import CandidatePairs, count_shared, gram_sets, sizes_of
from crosslift.sources.record import Record, names_of_several

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class TextsOfPairs:
    """Pairs, and the texts that may become their negatives, by number.

    Two texts have the same number if they differ only in letter case or white space. Numbers of
    candidates come first: 0 to `candidates` - 1.

    Args:
        records: N pairs with the texts ``anchor`` and ``positive``.
        texts: the first text of each number.
        anchors: number of each record's anchor, int64 [N].
        positives: number of each record's positive, int64 [N].
        candidates: number of texts of the corpus, which have the first numbers.
        repeated: texts of the corpus that are equal to an earlier one.
        groups: group -> numbers of its texts; empty if records have no groups.
    """

    records: Sequence[Record]
    texts: Sequence[str]
    anchors: Numbers
    positives: Numbers
    candidates: int
    repeated: int
    groups: Mapping[str, frozenset[int]]

    @classmethod
    def of(
        cls, records: Sequence[Record], corpus: Sequence[Record] | None, *, grouped: bool
    ) -> TextsOfPairs:
        """Numbers the texts of pairs and of a corpus.

        Args:
            records: the pairs.
            corpus: records with a ``text``; None: the positives of the pairs.
            grouped: whether the file states groups of the records; else each anchor is a group.
        """
        anchors, positives = (Column(records, name) for name in ("anchor", "positive"))
        candidates = positives if corpus is None else Column(corpus, "text")
        of_corpus, of_anchors, of_positives = text_numbers(candidates, anchors, positives)
        texts: dict[int, str] = {}
        numbers = chain(of_corpus.tolist(), of_anchors.tolist(), of_positives.tolist())
        for number, text in zip(numbers, chain(candidates, anchors, positives), strict=True):
            texts.setdefault(number, text)
        groups: dict[str, set[int]] = defaultdict(set)
        if grouped:
            for record, anchor, positive in zip(
                records, of_anchors.tolist(), of_positives.tolist(), strict=True
            ):
                groups[record.group] |= {anchor, positive}
            for record, number in zip(corpus or (), of_corpus.tolist(), strict=False):
                if record.group in groups:
                    groups[record.group].add(number)
        count = len(np.unique(of_corpus))
        return cls(
            records,
            list(texts.values()),
            of_anchors,
            of_positives,
            count,
            len(of_corpus) - count,
            {group: frozenset(members) for group, members in groups.items()},
        )

    @cached_property
    def _of_anchor(self) -> Mapping[int, frozenset[int]]:
        """Number of an anchor -> this number and the numbers of its positives."""
        return _partners(self.anchors, self.positives)

    @cached_property
    def _of_positive(self) -> Mapping[int, frozenset[int]]:
        """Number of a positive -> this number and the numbers of its anchors."""
        return _partners(self.positives, self.anchors)

    def right(self, row: int) -> Numbers:
        """Numbers of the texts that are right for a pair, rising, int64 [R]: its two texts, the texts
        of its group, the other positives of its anchor, the other anchors of its positive."""
        of_group = self.groups.get(self.records[row].group, frozenset())
        of_anchor = self._of_anchor[int(self.anchors[row])]
        of_positive = self._of_positive[int(self.positives[row])]
        return np.array(sorted(of_group | of_anchor | of_positive), np.int64)

    @cached_property
    def _by_text(self) -> Mapping[str, int]:
        return {_plain(text): number for number, text in enumerate(self.texts)}

    def negatives(self, row: int) -> Numbers:
        """Numbers of the negatives that a record brings and that are among these texts."""
        texts = self.records[row].texts
        plain = (_plain(texts[name]) for name in names_of_several(texts, "negative"))
        numbers = (self._by_text.get(text) for text in plain)
        return np.array(sorted({n for n in numbers if n is not None}), np.int64)

    def near_duplicates(
        self, firsts: Numbers, seconds: Numbers, similar: float
    ) -> NDArray[np.bool_]:
        """Whether texts are near duplicates, pair by pair.

        Texts are compared without letter case, punctuation, spaces and marks (`Wording`): equal, or a
        Jaccard similarity of their sets of four-letter runs of at least `similar`.

        Args:
            firsts, seconds: numbers of texts, int64 [P].
            similar: least Jaccard similarity, in (0, 1].

        Returns:
            bool [P].
        """
        equal, grams = self._compared
        sizes = sizes_of(grams)
        shared = count_shared(grams, grams, CandidatePairs(firsts, seconds))
        union = sizes[firsts] + sizes[seconds] - shared
        near: NDArray[np.bool_] = (equal[firsts] == equal[seconds]) | (
            (union > 0) & (shared >= similar * union)
        )
        return near

    @cached_property
    def _compared(self) -> tuple[Numbers, csr_matrix]:
        """A number of each text's letters, and the sets of their runs."""
        letters = [wording_of(spaced(text)).letters for text in self.texts]
        return equal_numbers(letters), gram_sets(letters).members


def _partners(of: Numbers, others: Numbers) -> Mapping[int, frozenset[int]]:
    partners: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(of.tolist(), others.tolist(), strict=True):
        partners[one] |= {one, other}
    return {one: frozenset(members) for one, members in partners.items()}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
