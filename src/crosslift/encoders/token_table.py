"""The token table, of which only the rows that occur are read, updated and in the optimizer's state."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from crosslift.errors import TrainingError


class TokenTable:
    """Lookup of token rows: the whole table, or after ``keep_only`` a compact copy of some rows.

    Training the compact rows with Adam (no weight decay on them) is exactly training the whole
    table: a row that never occurs has no gradient and does not move.

    Args:
        weight: float32 [vocabulary, D], the model's own table.
    """

    def __init__(self, weight: torch.nn.Parameter) -> None:
        self.whole = weight
        self.weight: Tensor = weight
        self.ids: Tensor | None = None
        self._place: Tensor | None = None

    def keep_only(self, ids: Iterable[int], *, trainable: bool) -> torch.nn.Parameter:
        """Replaces the table by a copy of these rows.

        Returns:
            The copy, float32 [occurring rows, D], with gradient if ``trainable``.
        """
        distinct = torch.tensor(sorted(set(ids)), dtype=torch.int64, device=self.whole.device)
        place = torch.full((len(self.whole),), -1, dtype=torch.int64, device=self.whole.device)
        place[distinct] = torch.arange(len(distinct), device=distinct.device)
        compact = torch.nn.Parameter(self.whole.detach()[distinct].clone(), requires_grad=trainable)
        self.ids, self._place, self.weight = distinct, place, compact
        return compact

    def rows(self, token_ids: Tensor) -> Tensor:
        """Rows of the tokens, float32 [T, D].

        Raises:
            TrainingError: the row of a token is not in the copy.
        """
        if self._place is None:
            return torch.nn.functional.embedding(token_ids, self.weight)
        return torch.nn.functional.embedding(self.places(token_ids), self.weight)

    def places(self, token_ids: Tensor) -> Tensor:
        """Indices int64 of tokens in the copy of rows (the ids themselves if there is no copy)."""
        if self._place is None:
            return token_ids
        places = self._place[token_ids]
        if bool((places < 0).any()):
            missing = token_ids[places < 0][:3].tolist()
            raise TrainingError(f"tokens {missing} occur that were not among the kept rows")
        return places

    def write_back(self) -> None:
        """Writes the copied rows into the whole table and uses the whole table again."""
        if self.ids is not None:
            with torch.no_grad():
                self.whole[self.ids] = self.weight.detach()
        self.weight, self.ids, self._place = self.whole, None, None
