"""Tokens are made once for the same texts, and never mistaken for those of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import load_tiny

from crosslift.encoders.remembered import Remembered
from crosslift.encoders.tokens import locate_tokens, tokenise_compactly, tokenise_words


def size(made: list[int]) -> int:
    return 8 * len(made)


def test_values_are_made_once_and_distinguished() -> None:
    cache, calls = Remembered(), []

    def of(what: object, *columns: list[str]) -> list[int]:
        return cache.of(what, columns, lambda: calls.append(columns) or [len(calls)], size)

    assert of("a", ["x", "y"]) == of("a", ["x", "y"]) == [1]
    assert of("b", ["x", "y"]) == [2]
    assert of("a", ["xy"]) == [3]
    assert of("a", ["x"], ["y"]) == [4]
    assert of("a", ["x", "y"], []) == [5]
    assert len(calls) == 5


def test_the_least_recently_used_value_is_removed_first() -> None:
    cache, calls = Remembered(most_bytes=16), []

    def of(text: str) -> list[int]:
        return cache.of("", [[text]], lambda: calls.append(text) or [0], size)

    of("a"), of("b"), of("a"), of("c"), of("a"), of("b")
    assert calls == ["a", "b", "c", "b"]


def test_a_value_larger_than_the_cache_is_not_cached() -> None:
    cache, calls = Remembered(most_bytes=8), []
    for _ in range(2):
        cache.of("", [["a"]], lambda: calls.append(1) or [1, 2], size)
    assert len(calls) == 2


def test_an_encoder_tokenises_a_text_once(
    tiny_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_tiny(tiny_folders["xlm-roberta"], max_tokens=16)
    texts, pairs = ["a cat", "the dog"], ["rain", "x"]
    first = [
        tokenise_compactly(encoder, texts),
        tokenise_compactly(encoder, texts, pairs),
        [tokens.ids for tokens in locate_tokens(encoder, texts)],
        list(tokenise_words(encoder, texts).values()),
    ]
    monkeypatch.setattr(encoder, "tokenizer", None)  # any new call would fail
    again = [
        tokenise_compactly(encoder, list(texts)),
        tokenise_compactly(encoder, texts, pairs),
        [tokens.ids for tokens in locate_tokens(encoder, texts)],
    ]
    for one, other in zip(first, again, strict=False):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    before = first[0][0].copy()
    tokenise_compactly(encoder, texts)[0][:] = 5  # what a caller does to its ids is its own
    np.testing.assert_array_equal(tokenise_compactly(encoder, texts)[0], before)
