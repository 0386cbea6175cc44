"""Chooses the negatives of pairs among the texts that are nearest to their anchors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosslift.negatives.negatives_settings import NegativesSettings
from crosslift.negatives.texts_of_pairs import Numbers, TextsOfPairs
from crosslift.retrieval.search import Neighbours, exact_scores
from crosslift.retrieval.similarity import FloatArray, unit_rows

_ANCHORS_AT_ONCE = 1024
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of all texts, by one encoder.

    Args:
        anchors: vectors of the distinct anchors, by rising number, floats [A, D].
        others: vectors of all texts, by number, floats [T, D].
    """

    anchors: FloatArray
    others: FloatArray

    def cosines(self, anchors: Numbers, others: Numbers) -> Scores:
        """The cosines of P anchors, by their place, with P other texts, by number: float64 [P]."""
        (queries, rows), (texts, columns) = (
            np.unique(places, return_inverse=True) for places in (anchors, others)
        )
        left, right = unit_rows(self.anchors[queries]), unit_rows(self.others[texts])
        return exact_scores(left, right, rows, columns).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Texts that may become negatives of pairs, pair by pair and by rank.

    Args:
        pairs: index of the pair of each candidate, int64 [P].
        texts: number of the text of each candidate, int64 [P].
        ranks: rank of each candidate, from 1, int64 [P].
        scores: cosine with the anchor, float64 [P].
    """

    pairs: Numbers
    texts: Numbers
    ranks: Numbers
    scores: Scores

    def where(self, mask: NDArray[np.bool_]) -> Candidates:
        """The candidates at which a bool array [P] is true."""
        pairs, texts = self.pairs[mask], self.texts[mask]
        return Candidates(pairs, texts, self.ranks[mask], self.scores[mask])

    def __len__(self) -> int:
        return len(self.pairs)


@dataclass(slots=True)
class ChosenNegatives:
    """The negatives of all pairs.

    Args:
        texts: numbers of each pair's negatives, by rank.
        ranks: ranks of each pair's negatives.
        counts: numbers of candidates by their outcome, with the names of `CandidateCounts`.
        right_skipped: texts that would have had a rank, but are right for the pair.
    """

    texts: list[Numbers]
    ranks: list[Numbers]
    counts: Counter[str] = field(default_factory=Counter)
    right_skipped: int = 0


def limit_of(positives: Scores, margin: float | None, relative: float | None) -> Scores:
    """The highest score of a negative, for positives with these scores, float64 [P].

    A relative margin is a share of the score's absolute value, so that the limit is below the
    positive's score even if that score is negative.

    Args:
        positives: scores of the positives, float64 [P].
        margin: absolute margin; None: no such limit.
        relative: relative margin; None: no such limit.

    Returns:
        The limits; infinity without any margin.
    """
    limits = np.full(len(positives), np.inf)
    if margin is not None:
        limits = np.minimum(limits, positives - margin)
    if relative is not None:
        limits = np.minimum(limits, positives - relative * np.abs(positives))
    return limits


def neighbours_needed(texts: TextsOfPairs, settings: NegativesSettings) -> int:
    """The number of nearest texts that an anchor needs to include the last rank: texts that are right
    for a pair have no rank."""
    most = max(len(texts.right(row)) for row in range(len(texts.records)))
    return min(settings.last_rank + most, texts.candidates)


class Chooser:
    """Chooses negatives, some anchors at a time.

    Args:
        texts: texts of the pairs and the corpus.
        settings: settings of the job.
        vectors: vectors of the encoder.
        guide: vectors of the guide; None: there is none.
    """

    def __init__(
        self,
        texts: TextsOfPairs,
        settings: NegativesSettings,
        vectors: Vectors,
        guide: Vectors | None,
    ) -> None:
        self._texts = texts
        self._settings = settings
        self._vectors = vectors
        self._guide = guide
        self._places = np.unique(texts.anchors, return_inverse=True)[1].astype(np.int64)
        count = len(texts.records)
        nothing = np.empty(0, np.int64)
        self.chosen = ChosenNegatives([nothing] * count, [nothing] * count)

    def run(self, nearest: Iterable[Neighbours]) -> Iterator[int]:
        """Chooses the negatives of all pairs; yields the number of finished anchors.

        Args:
            nearest: `neighbours_needed` texts of the corpus of each anchor, part after part.
        """
        by_anchor = np.argsort(self._places, kind="stable")
        start = 0
        for part in _in_parts(nearest):
            stop = start + len(part)
            first, last = np.searchsorted(self._places[by_anchor], (start, stop))
            self._choose(by_anchor[first:last], start, part)
            start = stop
            yield stop

    def _choose(self, rows: Numbers, start: int, nearest: Neighbours) -> None:
        """Chooses for the pairs of some anchors.

        Args:
            rows: indices of the pairs.
            start: place of the first anchor.
            nearest: texts to each anchor.
        """
        ranked = self._ranked(rows, start, nearest)
        counts = self.chosen.counts
        counts["ranked"] += len(ranked)
        left = self._not_already(ranked)
        counts["already"] += len(ranked) - len(left)
        of_positives = self._positives(self._vectors, left)
        limits = limit_of(of_positives, self._settings.margin, self._settings.relative_margin)
        below = left.where(left.scores <= limits)
        counts["above_margin"] += len(left) - len(below)
        distinct = below.where(~self._near_duplicates(below))
        counts["near_duplicates"] += len(below) - len(distinct)
        usable = distinct if self._guide is None else self._unmasked(self._guide, distinct)
        counts["masked_by_guide"] += len(distinct) - len(usable)
        for row, places in _of_each_pair(usable):
            chosen = self._chosen(row, places)
            self.chosen.texts[row] = usable.texts[chosen]
            self.chosen.ranks[row] = usable.ranks[chosen]
            counts["chosen"] += len(chosen)
            counts["not_chosen"] += len(places) - len(chosen)

    def _ranked(self, rows: Numbers, start: int, nearest: Neighbours) -> Candidates:
        """The texts within the range of ranks; those that are right for a pair have no rank."""
        first, last = self._settings.first_rank, self._settings.last_rank
        parts: list[Candidates] = []
        for row in rows.tolist():
            place = self._places[row] - start
            texts, scores = nearest.indices[place], nearest.scores[place]
            is_right = np.isin(texts, self._texts.right(row))
            others = np.flatnonzero(~is_right)[first - 1 : last]
            end = others[-1] if len(others) else 0
            self.chosen.right_skipped += int(is_right[:end].sum())
            ranks = np.arange(first, first + len(others))
            owner = np.full(len(others), row)
            parts.append(Candidates(owner, texts[others], ranks, scores[others].astype(np.float64)))
        return Candidates(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("pairs", "texts", "ranks", "scores")
            )
        )

    def _not_already(self, candidates: Candidates) -> Candidates:
        """The candidates that are not negatives of their pair already."""
        already = np.zeros(len(candidates), np.bool_)
        for row, places in _of_each_pair(candidates):
            negatives = self._texts.negatives(row)
            if len(negatives):
                already[places] = np.isin(candidates.texts[places], negatives)
        return candidates.where(~already)

    def _positives(self, vectors: Vectors, candidates: Candidates) -> Scores:
        """The score of the positive of each candidate's pair, float64 [P]."""
        rows, place = np.unique(candidates.pairs, return_inverse=True)
        if not len(rows):
            return np.empty(0)
        return vectors.cosines(self._places[rows], self._texts.positives[rows])[place]

    def _near_duplicates(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Which candidates are near duplicates of a text that is right for their pair, bool [P]."""
        near = np.zeros(len(candidates), np.bool_)
        places: list[Numbers] = []
        right: list[Numbers] = []
        for row, of_pair in _of_each_pair(candidates):
            texts = self._texts.right(row)
            places.append(np.repeat(of_pair, len(texts)))
            right.append(np.tile(texts, len(of_pair)))
        if places:
            owners, others = np.concatenate(places), np.concatenate(right)
            similar = self._settings.similar
            hits = self._texts.near_duplicates(candidates.texts[owners], others, similar)
            near[owners[hits]] = True
        return near

    def _unmasked(self, guide: Vectors, candidates: Candidates) -> Candidates:
        """The candidates that the guide does not put too near to the anchor."""
        if not len(candidates):
            return candidates
        scores = guide.cosines(self._places[candidates.pairs], candidates.texts)
        limits = self._positives(guide, candidates) - self._settings.guide_margin
        return candidates.where(scores <= limits)

    def _chosen(self, row: int, places: Numbers) -> Numbers:
        """The places, by rank, of a pair's usable candidates that become its negatives."""
        most = self._settings.negatives
        if self._settings.choice == "random":
            places = np.random.default_rng((self._settings.seed, row)).permutation(places)
        return np.sort(places[:most])


def _in_parts(nearest: Iterable[Neighbours]) -> Iterator[Neighbours]:
    """The same neighbours, in parts of fewer anchors."""
    for part in nearest:
        for start in range(0, len(part), _ANCHORS_AT_ONCE):
            rows = slice(start, start + _ANCHORS_AT_ONCE)
            yield Neighbours(part.indices[rows], part.scores[rows])


def _of_each_pair(candidates: Candidates) -> Iterator[tuple[int, Numbers]]:
    """Index of each pair, and the places of its candidates."""
    starts = np.flatnonzero(np.diff(candidates.pairs, prepend=-1))
    stops: Sequence[int] = [*starts[1:].tolist(), len(candidates)]
    for start, stop in zip(starts.tolist(), stops, strict=False):
        yield int(candidates.pairs[start]), np.arange(start, stop)
