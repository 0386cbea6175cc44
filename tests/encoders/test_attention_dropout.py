from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from crosslift.encoders import packing
from crosslift.encoders.attention import packed_attention
from crosslift.encoders.dropout import CheapDropout, dropout_noise, make_dropout_cheap
from crosslift.encoders.packing import PackedBatch, pack

LENGTHS = (3, 3, 4, 7, 7, 7, 16, 16, 20, 66, 66)
"""Several in a row of 16, rows without padding, one in a row of 32, rows of their own."""
TOKENS, HEADS, WIDTH = sum(LENGTHS), 2, 5


def states(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    shape = (1, HEADS, TOKENS, WIDTH)
    return [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(count)]


def packed_texts() -> PackedBatch:
    return pack([[1] * length for length in LENGTHS])


def attend(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    torch.manual_seed(3)
    batch = packed_texts()
    return packed_attention(
        torch.nn.Module(), query, key, value, None, 0.4, dropout, packed_batch=batch
    )[0]


def noise_of_sequences(batch: PackedBatch, dropout: float) -> list[Tensor]:
    """The noise [heads, length, length] of each sequence, as the groups draw it."""
    noises = []
    lengths = list(LENGTHS)
    for group in batch.groups:
        shape = (group.rows, HEADS, group.width, group.width)
        noise = dropout_noise(torch.empty(shape), dropout) if dropout else torch.ones(shape)
        for row in noise:
            first = 0
            while lengths and first + lengths[0] <= group.width:
                stop = first + lengths.pop(0)
                noises.append(row[:, first:stop, first:stop])
                first = stop
    assert not lengths
    return noises


def attend_sequence_by_sequence(
    query: Tensor, key: Tensor, value: Tensor, dropout: float
) -> Tensor:
    torch.manual_seed(3)
    outputs = []
    start = 0
    for length, noise in zip(LENGTHS, noise_of_sequences(packed_texts(), dropout), strict=True):
        q, k, v = (part[0, :, start : start + length] for part in (query, key, value))
        outputs.append(((0.4 * q @ k.mT).softmax(-1) * noise @ v).transpose(0, 1))
        start += length
    return torch.cat(outputs)[None]


@pytest.mark.parametrize("places", [16, 64, 1024])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_packed_attention_and_its_gradients_equal_attention_of_each_sequence(
    dropout: float, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PLACES_OF_A_GROUP", places)
    query, key, value = states(3)
    packed = attend(query, key, value, dropout)
    alone = attend_sequence_by_sequence(query, key, value, dropout)
    torch.testing.assert_close(packed, alone)
    weight = torch.randn(packed.shape, generator=torch.Generator().manual_seed(6))
    gradients = torch.autograd.grad(packed, (query, key, value), weight)
    expected_gradients = torch.autograd.grad(alone, (query, key, value), weight)
    torch.testing.assert_close(gradients, expected_gradients)


def test_short_sequences_share_rows_and_long_ones_are_not_padded() -> None:
    groups = [(g.tokens.stop, g.rows, g.width, g.padding is None) for g in packed_texts().groups]
    assert groups == [(63, 5, 16, False), (83, 1, 32, False), (215, 2, 66, True)]


def test_the_work_of_attention_with_dropout_is_counted() -> None:
    query, key, value = states(3)
    with FlopCounterMode(display=False) as counter:
        attend(query, key, value, 0.3).sum().backward()
    of_one_product = sum(2 * g.rows * g.width**2 for g in packed_texts().groups) * HEADS * WIDTH
    assert counter.get_total_flops() == 6 * of_one_product


def test_bfloat16_attention_with_dropout_stays_near_float32() -> None:
    exact = attend(*states(3), 0.3)
    rounded = attend(*(part.bfloat16() for part in states(3)), 0.3)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.03, rtol=0.03)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_noise_is_zero_as_often_as_asked_and_one_on_average(probability: float) -> None:
    torch.manual_seed(0)
    noise = dropout_noise(torch.empty(1001, 999), probability)
    assert noise.unique().tolist() == pytest.approx([0, 1 / (1 - probability)])
    assert (noise == 0).float().mean().item() == pytest.approx(probability, abs=0.002)
    assert noise.mean().item() == pytest.approx(1, abs=0.02)


def test_one_seed_gives_one_noise_and_neighbours_are_independent() -> None:
    torch.manual_seed(4)
    first = dropout_noise(torch.empty(400_000), 0.5)
    second = dropout_noise(torch.empty(400_000), 0.5)
    torch.manual_seed(4)
    assert torch.equal(first, dropout_noise(torch.empty(400_000), 0.5))
    assert (first == second).float().mean().item() == pytest.approx(0.5, abs=0.005)
    for distance in range(1, 9):
        same = (first[distance:] == first[:-distance]).float().mean().item()
        assert same == pytest.approx(0.5, abs=0.005)


def test_cheap_dropout_takes_the_place_of_torch_s_and_is_silent_in_evaluation() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Sequential(torch.nn.Dropout(0.25)))
    make_dropout_cheap(model)
    dropout = model[1][0]
    assert isinstance(dropout, CheapDropout)
    assert dropout.p == 0.25
    ones = torch.ones(64, 64)
    assert dropout(ones).unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(dropout.eval()(ones), ones)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_cheap_dropout_keeps_all_or_nothing_at_the_ends(probability: float) -> None:
    states = CheapDropout(probability).train()(torch.ones(8))
    assert states.tolist() == [1 - probability] * 8
