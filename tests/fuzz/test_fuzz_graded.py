"""Files of graded pairs: pairs, or the errors of data."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from crosslift.errors import CrossLiftError
from crosslift.metrics.correlation import spearman_values
from crosslift.sources.graded_pairs import load_graded

WHOLE = b"5.0\tein Hund\tein Tier\n0.5\tRegen\tSchnee\n\tohne Note\tauch\n2\tzwei\tdrei\n"
PIECES = (
    b"\t",
    b"\t\t",
    b"nan",
    b"1e999",
    b"-inf",
    b"\xff",
    b"\0",
    b"\r",
    b"\xe2\x80\xa8",
    b"5,0\t",
)
NAMES = st.one_of(
    st.sampled_from(
        ["own.de.tsv", "own.en-de.tsv", "a.test.tsv", "a.train.tsv", "x.tsv", ".de.tsv"]
    ),
    st.from_regex(r"[a-z.\-]{1,12}\.tsv", fullmatch=True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graded")


@FUZZ
@given(NAMES, damaged(WHOLE, PIECES))
def test_any_file_is_read_or_refused(folder: Path, name: str, content: bytes) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / name).write_bytes(content)
    with suppress(CrossLiftError):
        for pairs in load_graded(folder).pairs.values():
            assert (
                len(set(map(len, (pairs.items, pairs.sets, pairs.grades, pairs.src, pairs.tgt))))
                == 1
            )
            assert len(set(pairs.items)) == len(pairs.items) >= 2
            assert np.isfinite(pairs.grades).all()
            assert all(text.strip() for text in (*pairs.src, *pairs.tgt))


@FUZZ
@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(-1e6, 1e6) | st.integers(0, 5)),
        min_size=2,
        max_size=40,
    )
)
def test_any_grades_have_a_correlation(rows: list[tuple[float, float]]) -> None:
    scores, grades = np.array(rows, np.float64).T
    values = spearman_values(scores, grades)
    assert np.isfinite(values).all() and -1 - 1e-9 <= values.mean() <= 1 + 1e-9
