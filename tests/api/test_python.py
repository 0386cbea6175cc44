"""What Python users call: texts as paths, vectors, data frames."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from report_sample import write_sample
from tiny_encoder import load_tiny

import crosslift
from crosslift.encoders.encode_texts import encode
from crosslift.results import run_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> crosslift.RunFolder:
    return crosslift.RunFolder.read(str(write_sample(tmp_path_factory.mktemp("frames") / "run")))


@pytest.mark.parametrize("table", ["scores", "verdicts", "curves"])
def test_tables_are_frames_of_pandas_where_it_is_installed(
    run: crosslift.RunFolder, table: str
) -> None:
    frame = run.frame(table)  # type: ignore[arg-type]
    rows = getattr(run, table)
    assert len(frame) == len(rows)
    assert importlib.util.find_spec("pandas") is not None  # of the test extra
    assert frame["arm"].tolist() == [row.arm for row in rows]


def test_without_pandas_and_polars_tables_are_those_of_pyarrow(
    run: crosslift.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder.importlib.util, "find_spec", lambda _: None)
    table = run.frame("scores")
    assert isinstance(table, pa.Table)
    assert table["value"].to_pylist() == pytest.approx([row.value for row in run.scores])


def test_a_run_is_one_line(run: crosslift.RunFolder) -> None:
    text = repr(run)
    assert len(text) < 300 and str(run.path) in text and "target" in text


def test_vectors_of_texts(bert_folder: Path) -> None:
    texts = ["one", "two words", "one"]
    vectors = crosslift.encode(str(bert_folder), texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors[0] == vectors[2]).all()
    settings = crosslift.EncoderSettings(name=str(bert_folder), precision="float32")
    raw = crosslift.encode(settings, texts, normalise=False)
    assert np.allclose(raw, encode(load_tiny(bert_folder), texts), atol=1e-5)


def test_studies_are_read_by_texts_as_paths(tmp_path: Path) -> None:
    study = crosslift.read_study("studies/pictures-from-embedded.yaml")
    assert study.name == "pictures-from-embedded"
