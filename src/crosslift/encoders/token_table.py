"""The token table of which only the rows that occur are read, updated and kept in optimizer state."""

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
        """Works from now on a copy of these rows.

        Returns:
            The copy, float32 [occurring rows, D], with gradient if ``trainable``.
        """
        kept = torch.tensor(sorted(set(ids)), dtype=torch.int64, device=self.whole.device)
        place = torch.full((len(self.whole),), -1, dtype=torch.int64, device=self.whole.device)
        place[kept] = torch.arange(len(kept), device=kept.device)
        compact = torch.nn.Parameter(self.whole.detach()[kept].clone(), requires_grad=trainable)
        self.ids, self._place, self.weight = kept, place, compact
        return compact

    def rows(self, token_ids: Tensor) -> Tensor:
        """Rows of the tokens, float32 [T, D].

        Raises:
            TrainingError: a token whose row was not kept.
        """
        if self._place is None:
            return torch.nn.functional.embedding(token_ids, self.weight)
        return torch.nn.functional.embedding(self.places(token_ids), self.weight)

    def places(self, token_ids: Tensor) -> Tensor:
        """Indices int64 of tokens in the kept rows (the ids themselves where all are kept)."""
        if self._place is None:
            return token_ids
        places = self._place[token_ids]
        if bool((places < 0).any()):
            missing = token_ids[places < 0][:3].tolist()
            raise TrainingError(f"tokens {missing} occur that were not among the kept rows")
        return places

    def write_back(self) -> None:
        """Puts the kept rows back into the whole table and works on that again."""
        if self.ids is not None:
            with torch.no_grad():
                self.whole[self.ids] = self.weight.detach()
        self.weight, self.ids, self._place = self.whole, None, None
