from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from crosslift.encoders.attention import packed_attention
from crosslift.encoders.dropout import CheapDropout, dropout_noise, make_dropout_cheap
from crosslift.encoders.packing import Block

BLOCKS = (Block(0, 2, 3), Block(6, 1, 4), Block(10, 3, 7))
TOKENS, HEADS, WIDTH = 31, 2, 5


def states(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    shape = (1, HEADS, TOKENS, WIDTH)
    return [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(count)]


def attend(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    torch.manual_seed(3)
    module = torch.nn.Module()
    return packed_attention(module, query, key, value, None, 0.4, dropout, packed_blocks=BLOCKS)[0]


def attend_sequence_by_sequence(
    query: Tensor, key: Tensor, value: Tensor, dropout: float
) -> Tensor:
    torch.manual_seed(3)
    outputs = []
    for block in BLOCKS:
        shape = (block.count * HEADS, block.length, block.length)
        noise = dropout_noise(torch.empty(shape), dropout) if dropout else torch.ones(shape)
        for i in range(block.count):
            place = slice(block.start + i * block.length, block.start + (i + 1) * block.length)
            q, k, v = (part[0, :, place] for part in (query, key, value))
            weights = (0.4 * q @ k.mT).softmax(-1) * noise[i * HEADS : (i + 1) * HEADS]
            outputs.append((weights @ v).transpose(0, 1))
    return torch.cat(outputs)[None]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_packed_attention_and_its_gradients_equal_attention_of_each_sequence(
    dropout: float,
) -> None:
    query, key, value = states(3)
    packed = attend(query, key, value, dropout)
    alone = attend_sequence_by_sequence(query, key, value, dropout)
    torch.testing.assert_close(packed, alone)
    weight = torch.randn(packed.shape, generator=torch.Generator().manual_seed(6))
    gradients = torch.autograd.grad(packed, (query, key, value), weight)
    expected_gradients = torch.autograd.grad(alone, (query, key, value), weight)
    torch.testing.assert_close(gradients, expected_gradients)


def test_the_work_of_attention_with_dropout_is_counted() -> None:
    query, key, value = states(3)
    with FlopCounterMode(display=False) as counter:
        attend(query, key, value, 0.3).sum().backward()
    of_one_product = sum(2 * b.count * b.length**2 for b in BLOCKS) * HEADS * WIDTH
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
