from __future__ import annotations

import pytest
import torch

from crosslift.encoders.ordered_weights import ordered_weights, precisions_in_order


def small_model(dtype: torch.dtype = torch.float32, bias: bool = True) -> torch.nn.Sequential:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(24, 40, bias=bias), torch.nn.Tanh(), torch.nn.Linear(40, 8)]
    return torch.nn.Sequential(*layers).to(dtype)


@pytest.mark.parametrize("shape", [(24,), (1, 24), (2, 7, 24), (300, 24)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", precisions_in_order())
def test_products_with_ordered_weights_equal_plain_ones(
    dtype: torch.dtype, bias: bool, shape: tuple[int, ...]
) -> None:
    model, states = small_model(dtype, bias), torch.randn(shape).to(dtype)
    with torch.inference_mode():
        expected = model(states)
        with ordered_weights(model, 2048):
            assert "forward" in vars(model[0])
            ordered = model(states)
        torch.testing.assert_close(ordered, expected)
        assert dtype == torch.float32 or torch.equal(ordered, expected)
        assert torch.equal(model(states), expected)


def test_the_weights_of_each_time_are_used_and_nothing_is_left_after_an_error() -> None:
    model, states = small_model(), torch.randn(5, 24)
    with torch.inference_mode(), ordered_weights(model, 2048):
        model(states)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    model(states).square().sum().backward()
    optimizer.step()  # changes weights without a new version
    with torch.inference_mode(), ordered_weights(model, 2048):
        ordered = model(states)
    torch.testing.assert_close(ordered, model(states))
    with pytest.raises(KeyError), ordered_weights(model, 2048):
        raise KeyError
    assert not any("forward" in vars(layer) for layer in model)


def test_layers_of_other_kinds_and_precisions_are_left_alone() -> None:
    class Other(torch.nn.Linear):
        pass

    model = torch.nn.ModuleList([Other(2, 2), torch.nn.Linear(2, 2).double(), torch.nn.Tanh()])
    with ordered_weights(model, 2048):
        assert not any("forward" in vars(layer) for layer in model)


def test_few_rows_are_multiplied_with_the_plain_weights() -> None:
    model = small_model()
    with ordered_weights(model, 2047):
        assert not any("forward" in vars(layer) for layer in model)


def test_bfloat16_is_left_alone_where_the_processor_does_not_multiply_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crosslift.encoders.ordered_weights.multiplies_bfloat16", lambda: False)
    model = small_model(torch.bfloat16)
    with ordered_weights(model, 2048):
        assert not any("forward" in vars(layer) for layer in model)
