"""The items of one protocol of a target: queries, right answers, and the outcomes of every arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.explorer.columns import NONE, Block, Column, numbers, rounded, shares
from crosslift.explorer.contents import Contents, keys_of
from crosslift.explorer.languages import Languages

FIRST = 5
"""Ranks that a page shows."""
_GRAIN = 1e-3
"""Scores are shown with three digits."""
Measured = tuple[int, int]
"""Place of an arm, and a seed."""


@dataclass(frozen=True)
class FoundColumns:
    """The answers that one arm and seed found: the columns of a block.

    Args:
        of: the arm and seed.
        ranks: ``contents`` and ``scores`` of the ranked answers; empty: only the first answer is known.
        first: the answer at rank 1 alone, for a page without the ranks.
    """

    of: Measured
    ranks: Mapping[str, Column]
    first: Mapping[str, Column]


class Items:
    """The items of a protocol, with one outcome of every arm and seed.

    Args:
        protocol: its id.
        outcome: name of the outcome.
        rows: arm and seed -> its rows of ``outcomes.parquet``.
        contents: contents of the target.
        languages: languages of the page.
    """

    def __init__(
        self,
        protocol: str,
        outcome: str,
        rows: Mapping[Measured, pa.Table],
        contents: Contents,
        languages: Languages,
    ) -> None:
        self.protocol = protocol
        self.outcome = outcome
        self._contents = contents
        self._languages = languages
        self._rows = dict(rows)
        self._first = next(iter(rows.values()))
        self.keys = keys_of(self._first["language"], self._first["item"])
        self.left_out: list[Measured] = []
        self.outcomes: dict[Measured, NDArray[np.float64]] = {}
        for of, part in rows.items():
            if outcome not in part.column_names:
                continue
            order = self._order(part)
            if order is None:
                self.left_out.append(of)
                continue
            values = part[outcome].to_numpy().astype(np.float64)
            if not np.isnan(values).all():
                self.outcomes[of] = values if order.step else values[order.places]

    def __len__(self) -> int:
        return len(self.keys)

    def _order(self, part: pa.Table) -> _Order | None:
        """Where the rows of the items are in a part; None: it has other items."""
        if len(part) != len(self.keys):
            return None
        keys = keys_of(part["language"], part["item"])
        if keys.equals(self.keys):
            return _Order(True, np.arange(0))
        places = pc.index_in(self.keys, value_set=keys)
        return None if places.null_count else _Order(False, places.to_numpy())

    @cached_property
    def language_codes(self) -> NDArray[np.object_]:
        """The language of each item."""
        codes: NDArray[np.object_] = self._first["language"].to_numpy()
        return codes

    @cached_property
    def clusters(self) -> NDArray[np.int64]:
        """A number for the cluster of each item."""
        names = self._first["cluster" if "cluster" in self._first.column_names else "item"]
        codes = names.combine_chunks().dictionary_encode().indices
        numbered: NDArray[np.int64] = codes.to_numpy().astype(np.int64)
        return numbered

    def block(self) -> Block:
        """The items and all outcomes."""
        block = Block()
        query = self._contents.numbers_of(self.protocol, "query", self.keys)
        right = self._contents.numbers_of(self.protocol, "right", self.keys, known_only=True)
        names = self._first["item"].to_pylist()
        block.add("item/id", numbers((self._contents.string(name) for name in names), np.uint32))
        block.add("item/query", numbers(query, np.uint32))
        block.add("item/right", numbers(right, np.uint32))
        places = (self._languages.place(code) for code in self.language_codes)
        block.add("item/language", numbers(places, np.uint16))
        block.add("item/length", numbers(self._contents.lengths(query), np.uint32))
        clean = self._first["clean"].to_numpy(zero_copy_only=False)
        block.add("item/clean", numbers(clean, np.uint8))
        for (arm, seed), values in self.outcomes.items():
            block.add(f"outcome/{arm}/{seed}", shares(values))
        return block

    def found(self, rows: Mapping[Measured, pa.Table]) -> Iterator[FoundColumns]:
        """The answers that each arm and seed found.

        Args:
            rows: arm and seed -> its rows of ``found.parquet``; others have the first answer.
        """
        for of in self.outcomes:
            name = f"{of[0]}/{of[1]}"
            part = rows.get(of)
            order = None if part is None else self._order(part)
            if part is None or order is None:
                first = self._first_answers(of)
                if (first != NONE).any():
                    yield FoundColumns(of, {}, {f"retrieved/{name}": numbers(first, np.uint32)})
                continue
            answers, scores = self._best(part)
            if not order.step:
                answers, scores = answers[order.places], scores[order.places]
            yield FoundColumns(
                of,
                {
                    f"found/{name}/content": numbers(answers.ravel(), np.uint32),
                    f"found/{name}/score": rounded(scores.ravel(), _GRAIN),
                },
                {f"retrieved/{name}": numbers(answers[:, 0], np.uint32)},
            )

    def _first_answers(self, of: Measured) -> NDArray[np.uint32]:
        part = self._rows[of]
        order = self._order(part)
        keys = keys_of(part["language"], part["retrieved"])
        numbered = self._contents.numbers_of(self.protocol, "retrieved", keys)
        return numbered if order is None or order.step else numbered[order.places]

    def _best(self, part: pa.Table) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """Contents and scores of the first ranks, [n, FIRST] each."""
        lists = part["answers"].combine_chunks()
        row = pc.list_parent_indices(lists).to_numpy()
        rank = np.arange(len(row)) - np.searchsorted(row, np.arange(len(part)))[row]
        languages = part["language"].combine_chunks().take(pa.array(row))
        keys = keys_of(languages, pc.list_flatten(lists))
        answers = np.full((len(part), FIRST), NONE, np.uint32)
        scores = np.full((len(part), FIRST), np.nan, np.float32)
        shown = rank < FIRST
        numbered = self._contents.numbers_of(self.protocol, "retrieved", keys)
        answers[row[shown], rank[shown]] = numbered[shown]
        flat = pc.list_flatten(part["scores"].combine_chunks()).to_numpy(zero_copy_only=False)
        scores[row[shown], rank[shown]] = flat[shown]
        return answers, scores


@dataclass(frozen=True)
class _Order:
    """Where items are: in their own order, or at places."""

    step: bool
    places: NDArray[np.int64]
