"""How the time of operations and of an exact search is divided."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.measuring.search_shares import PARTS, search_shares, shares_of_calls
from benchmarks.measuring.shares import IDLE, kind_of, profiled_shares, seconds_by_kind
from crosslift.retrieval.search import nearest_both


def event(name: str, seconds: float, *inner: Any) -> Any:
    made = SimpleNamespace(
        name=name, self_cpu_time_total=seconds * 1e6, cpu_parent=None, cpu_children=list(inner)
    )
    for each in inner:
        each.cpu_parent = made
    return made


def all_of(*roots: Any) -> list[Any]:
    return [each for root in roots for each in (root, *all_of(*root.cpu_children))]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::linear", "matrix products"),
        ("aten::bmm", "matrix products"),
        ("aten::scaled_dot_product_attention", "attention"),
        ("_DroppedAttentionBackward", "attention"),
        ("aten::native_layer_norm", "layer norm and activation"),
        ("aten::gelu_backward", "layer norm and activation"),
        ("aten::index_put_", "gather and scatter of token rows"),
        ("aten::embedding_dense_backward", "gather and scatter of token rows"),
        ("Optimizer.step#AdamW.step", "optimizer"),
        ("aten::_fused_adamw_", "optimizer"),
        ("aten::copy_", "copies and casts"),
        ("aten::_to_copy", "copies and casts"),
        ("aten::sum", None),
        ("aten::topk", None),
        ("autograd::engine::evaluate_function: MmBackward0", None),
    ],
)
def test_kinds_of_operations(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_time_belongs_to_the_outermost_kind() -> None:
    attention = event("aten::scaled_dot_product_attention", 1.0, event("aten::bmm", 2.0))
    backward = event("autograd::engine::evaluate_function: X", 8.0, event("aten::mm", 4.0))
    seconds = seconds_by_kind(all_of(attention, backward, event("aten::sum", 0.5)))
    assert dict(seconds) == {"attention": 3.0, "matrix products": 4.0, "other operations": 0.5}


def test_shares_of_real_work_sum_to_one() -> None:
    matrix = torch.ones(200, 200)
    shares = dict(profiled_shares(lambda: torch.nn.functional.gelu(matrix @ matrix)))
    idle = shares.pop(IDLE)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["matrix products"] > 0
    assert shares["layer norm and activation"] > 0
    assert 0 <= idle <= 1


def test_parts_of_a_search() -> None:
    calls = {
        ("~", 0, "<built-in method torch.mm>"): 2.0,
        ("crosslift/retrieval/neighbours.py", 1, "exact_scores"): 3.0,
        ("crosslift/retrieval/neighbours.py", 2, "merge"): 1.0,
        ("crosslift/retrieval/tiles.py", 3, "run"): 8.0,
        ("subprocess.py", 4, "run"): 50.0,
    }
    assert shares_of_calls(calls, 10.0) == {
        "products": 0.2,
        "exact scoring": 0.3,
        "merging": 0.1,
        "screening": 0.2,
        "other": 0.2,
    }


def test_the_search_still_has_the_functions_that_are_counted() -> None:
    vectors = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    shares = search_shares(lambda: nearest_both(vectors, vectors, 2))
    assert all(shares[part] > 0 for part in (*PARTS, "screening", "other"))
