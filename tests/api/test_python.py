"""What Python users call: texts as paths, vectors, data frames."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from report_sample import write_sample
from tiny_encoder import load_tiny

import crosslift
from crosslift.encoders.encode_texts import encode
from crosslift.errors import DataError, UnknownNameError
from crosslift.results import frames
from crosslift.results.query_texts import TEXTS_FILE
from crosslift.results.verdict import Verdict

Table = Literal["scores", "verdicts", "curves", "examples"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> crosslift.RunFolder:
    return crosslift.RunFolder.read(str(write_sample(tmp_path_factory.mktemp("frames") / "run")))


@pytest.mark.parametrize("table", ["scores", "verdicts", "curves", "examples"])
def test_tables_are_frames_of_every_library(run: crosslift.RunFolder, table: Table) -> None:
    rows = getattr(run, table)
    assert isinstance(rows, tuple)
    arrow = rows.to_arrow()
    assert isinstance(arrow, pa.Table) and arrow.num_rows == len(rows)
    assert rows.to_pandas().columns.tolist() == rows.to_polars().columns == arrow.column_names
    assert run.frame(table).equals(rows.to_pandas())
    assert run.frame(table, "polars").equals(rows.to_polars())
    assert run.frame(table, "pyarrow").equals(arrow)
    for name in ("target", "arm"):
        expected = [getattr(row, name, None) for row in rows]
        assert name not in arrow.column_names or arrow[name].to_pylist() == expected
    assert len(repr(rows)) < 300 and f"{len(rows):,} rows" in repr(rows)


def test_the_outcomes_are_a_table(run: crosslift.RunFolder) -> None:
    table = run.outcomes.to_arrow()
    assert len(run.outcomes) == table.num_rows > 0
    assert run.outcomes.to_pandas()["item"].tolist() == table["item"].to_pylist()
    assert len(repr(run.outcomes)) < 300 and "rows" in repr(run.outcomes)
    assert run.frame("outcomes", "pyarrow") is table


def test_a_run_of_an_earlier_version_has_outcomes_without_texts(run: crosslift.RunFolder) -> None:
    assert not (run.path / TEXTS_FILE).exists()
    assert run.outcomes.to_arrow()["query_text"].null_count == len(run.outcomes)


def test_without_pandas_and_polars_tables_are_those_of_pyarrow(
    run: crosslift.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_is_installed", lambda library: library == "pyarrow")
    table = run.frame("scores")
    assert isinstance(table, pa.Table)
    assert table["value"].to_pylist() == pytest.approx([row.value for row in run.scores])
    with pytest.raises(DataError, match="pip install polars"):
        run.scores.to_polars()
    with pytest.raises(UnknownNameError, match="library of data frames"):
        run.frame("scores", "numpy")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="table of a run"):
        run.frame("sores")  # type: ignore[arg-type]


def test_tables_without_rows_have_their_columns() -> None:
    table = frames.rows_of(Verdict, ()).to_arrow()
    assert table.num_rows == 0 and table.column_names == list(Verdict.model_fields)


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
