"""How a batch is shared between ranks, and that shares add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crosslift.encoders.packing import pack
from crosslift.encoders.perturbation import Ball
from crosslift.forms.contrastive_losses import info_nce, pairwise_sigmoid, triplet, unit
from crosslift.ranks.share import Share, balanced, even


@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 5, 64])
def test_every_item_is_one_ranks(ranks: int, count: int) -> None:
    costs = np.random.default_rng(0).integers(1, 80, count).tolist()
    for parts in (even(count, ranks), balanced(costs, ranks)):
        assert len(parts) == ranks
        assert sorted(np.concatenate(parts).tolist()) == list(range(count))
        for number in range(ranks):
            share = Share(parts, number)
            assert share.run.tolist() == (share.mine.tolist() or [0])


def test_mixed_lengths_are_shared_by_tokens() -> None:
    costs = [80, 1, 1, 1, 1, 76, 10, 2]
    parts = balanced(costs, 2)
    loads = [sum(costs[place] for place in part) for part in parts]
    assert loads == [86, 86]
    halves = [sum(costs[place] for place in part) for part in even(len(costs), 2)]
    assert max(halves) > max(loads)


@pytest.mark.parametrize("sizes", [None, [1, 5, 2, 9, 3]])
@pytest.mark.parametrize("ranks", [1, 2, 4, 6])
def test_shares_of_a_mean_sum_to_it(ranks: int, sizes: list[int] | None) -> None:
    values = torch.tensor([1.0, -2.0, 4.0, 0.5, 3.0])
    weights = torch.tensor(sizes or [1] * 5, dtype=torch.float32)
    parts = even(5, ranks)
    total = 0.0
    for number in range(ranks):
        share = Share(parts, number)
        run = torch.from_numpy(share.run)
        mean = (values[run] * weights[run]).sum() / weights[run].sum()
        total += share.of_mean(mean, sizes).item()
    assert total == pytest.approx(float((values * weights).sum() / weights.sum()), rel=1e-6)


def losses(
    name: str, queries: torch.Tensor, candidates: torch.Tensor, same: torch.Tensor, first: int
) -> torch.Tensor:
    if name == "softmax":
        return info_nce(queries, candidates, same, 10.0, first)
    if name == "triplet":
        return triplet(queries, candidates, same, 0.5, first)
    scale, bias = torch.tensor(10.0), torch.tensor(-3.0)
    return pairwise_sigmoid(queries, candidates, same, scale, bias, first)


@pytest.mark.parametrize("name", ["softmax", "triplet", "sigmoid"])
def test_local_queries_against_all_candidates_have_labels_with_the_ranks_offset(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    queries, candidates = (unit(torch.randn(6, 4, generator=generator)) for _ in range(2))
    same = torch.eye(6, dtype=torch.bool)
    same[4, 1] = True  # right for another rank's query
    whole = losses(name, queries, candidates, same, 0)
    parts = [slice(0, 2), slice(2, 6)]
    shares = [
        losses(name, queries[p], candidates, same[p], p.start) * (p.stop - p.start) / 6
        for p in parts
    ]
    assert sum(shares).item() == pytest.approx(whole.item(), rel=1e-6)
    late = parts[1]
    without = losses(name, queries[late], candidates, same[late], 0) * 4 / 6
    assert (shares[0] + without).item() != pytest.approx(whole.item(), rel=1e-3)


@pytest.mark.parametrize("of", ["token", "sequence"])
def test_the_noise_of_a_part_is_that_of_the_whole_batch(of: str) -> None:
    sequences = [[5] * n for n in (3, 17, 1, 3, 8)]
    rows = torch.zeros(sum(map(len, sequences)), 6)
    ball = Ball(0.5, of)  # type: ignore[arg-type]
    whole = pack(sequences)
    noise = ball.draw(rows, whole, torch.Generator().manual_seed(2))
    by_sequence = _by_sequence(noise, whole.positions, whole.inverse)
    for share in ([0, 4], [1, 2, 3], [3]):
        part = pack(sequences, np.array(share))
        tokens = len(part.token_ids)
        drawn = ball.draw(rows[:tokens], part, torch.Generator().manual_seed(2))
        for place, values in zip(
            share, _by_sequence(drawn, part.positions, part.inverse), strict=True
        ):
            assert torch.equal(values, by_sequence[place])


def _by_sequence(
    values: torch.Tensor, positions: torch.Tensor, inverse: torch.Tensor
) -> list[torch.Tensor]:
    starts = torch.nonzero(positions == 0)[:, 0].tolist()
    parts = [values[a:b] for a, b in zip(starts, [*starts[1:], len(values)], strict=True)]
    return [parts[place] for place in inverse.tolist()]
