"""JSON of any origin: a value or the project's own error."""

from __future__ import annotations

from typing import Any

import pytest

from crosslift.artifacts.parse import parse_json
from crosslift.errors import ArtifactError, DataError


def test_json_is_parsed() -> None:
    assert parse_json('{"a": [1, "\\ud83d\\ude00"]}', "x") == {"a": [1, "\U0001f600"]}
    assert parse_json(b'"\xc3\xa9"', "x") == "é"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("9" * 5000, "not JSON"),
        ("[" * 100_000, "nested too deep"),
        (b'"\xff"', "not JSON"),
        ('{"a": ["smile \\ud83d"]}', "surrogate"),
        ('{"\\udc00": 1}', "surrogate"),
    ],
)
def test_what_is_no_json_is_refused_by_its_place(text: str | bytes, says: str) -> None:
    with pytest.raises(DataError, match=says) as refusal:
        parse_json(text, "a.jsonl, row 7")
    assert "a.jsonl, row 7" in str(refusal.value)


def test_the_error_and_its_remedy_are_the_callers() -> None:
    with pytest.raises(ArtifactError, match="Next: train again"):
        parse_json("", "facts", error=ArtifactError, remedy="train again")


def test_an_object_hook_sees_repeated_keys() -> None:
    pairs: list[Any] = parse_json('{"a": 1, "a": 2}', "x", object_hook=list)
    assert pairs == [("a", 1), ("a", 2)]
