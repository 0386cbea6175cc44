"""Run folders: each of their files damaged, or holding other values."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from report_sample import write_sample, write_vector_files

from crosslift.errors import CrossLiftError
from crosslift.reports.forest import Forest
from crosslift.reports.html import render
from crosslift.reports.pages import shown_sections
from crosslift.reports.sections import SECTIONS
from crosslift.results.run_folder import RunFolder, checksums_of

_JSON = ("run.json", "verdicts.json", "examples.json")
_PARQUET = ("results.parquet", "curves.parquet")
_PIECES = (b"[" * 2000, b"9" * 5000, b"null", b'"', b"}", b"\\ud800", b"NaN", b",", b"-1", b"1e400")
_DRAWN = ("sources", "vectors", "sweep", "settings", "forgetting", "interpolation", "curves")
_WORDS = tuple(section for section in SECTIONS if section.anchor not in _DRAWN)
"""Sections of words and tables; drawing takes too long here."""


class _Sample:
    """A run folder whose files are put back after each input."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_sample(folder, arms=2, languages=2, seeds=1)
        write_vector_files(folder)
        run = json.loads((folder / "run.json").read_bytes()) | {"checksums": checksums_of(folder)}
        (folder / "run.json").write_text(json.dumps(run))
        self.whole = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    def read(self, changed: dict[str, bytes]) -> RunFolder | None:
        """What is read where these files have other bytes; None: an error."""
        for name, data in (self.whole | changed).items():
            (self.folder / name).write_bytes(data)
        with suppress(CrossLiftError):
            return RunFolder.read(self.folder)
        return None


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> _Sample:
    return _Sample(tmp_path_factory.mktemp("fuzz") / "run")


@FUZZ
@given(data=st.data(), name=st.sampled_from(_PARQUET + _JSON[1:]))
def test_a_damaged_file_is_found_by_its_checksum(
    sample: _Sample, data: st.DataObject, name: str
) -> None:
    changed = data.draw(damaged(sample.whole[name], _PIECES))
    found = sample.read({name: changed})
    assert (found is None) == (changed != sample.whole[name])


def _without_sums(sample: _Sample) -> dict[str, Any]:
    return {n: v for n, v in json.loads(sample.whole["run.json"]).items() if n != "checksums"}


@FUZZ
@given(data=st.data(), name=st.sampled_from(_JSON))
def test_damaged_json_of_an_earlier_version(
    sample: _Sample, data: st.DataObject, name: str
) -> None:
    earlier = {"run.json": json.dumps(_without_sums(sample)).encode()}
    whole = (sample.whole | earlier)[name]
    found = sample.read(earlier | {name: data.draw(damaged(whole, _PIECES))})
    _render(found)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@FUZZ
@given(data=st.data(), name=st.sampled_from(_JSON))
def test_other_values_in_json(sample: _Sample, data: st.DataObject, name: str) -> None:
    content = json.loads(sample.whole[name]) if name != "run.json" else _without_sums(sample)
    earlier = {"run.json": json.dumps(_without_sums(sample)).encode()}
    holder, key = data.draw(st.sampled_from(_places(content)))
    holder[key] = data.draw(_VALUES)
    _render(sample.read(earlier | {name: json.dumps(content).encode()}))


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value that something else can be put into."""
    keys = list(content) if isinstance(content, dict) else range(len(content))
    inner = [content[key] for key in keys if isinstance(content[key], dict | list)]
    return [(content, key) for key in keys] + [place for each in inner for place in _places(each)]


def _render(found: RunFolder | None) -> None:
    """The page of what could be read, without its plots."""
    if found is not None:
        with (
            suppress(CrossLiftError),
            patch("crosslift.reports.short_answer.draw_forest", return_value=Forest((), True)),
            patch("crosslift.reports.control_effects.draw_controls", return_value=()),
        ):
            render(found, shown_sections(_WORDS, found))
