"""JSON on any text."""

from __future__ import annotations

from contextlib import suppress

from fuzz_settings import FUZZ
from hypothesis import example, given
from hypothesis import strategies as st

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError

_PIECES = st.sampled_from(
    ['"', "\\ud800", "\\u0000", "{", "}", "[", "]", ":", ",", "9" * 4301, "1e999", "NaN", "a", " "]
)


@FUZZ
@given(st.one_of(st.binary(), st.text(), st.lists(_PIECES).map("".join)))
@example("[" * 50_000 + "]" * 50_000)
def test_any_text_is_a_value_or_a_data_error(text: str | bytes) -> None:
    with suppress(DataError):
        str(parse_json(text, "fuzz")).encode()
