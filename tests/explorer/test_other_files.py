"""Tables of items, and files for Embedding Atlas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from explorer_run import ExplorerRun

from crosslift.errors import DataError, UnknownNameError
from crosslift.explorer.atlas import atlas_files
from crosslift.explorer.explored import Explored
from crosslift.explorer.item_table import write_item_table
from crosslift.explorer.selection import Chosen


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ExplorerRun().write(tmp_path_factory.mktemp("explorer") / "run")


@pytest.fixture(scope="module")
def explored(run: Path) -> Explored:
    return Explored.read(run)


def test_a_table_has_the_items_of_a_selection(
    run: Path, explored: Explored, tmp_path: Path
) -> None:
    chosen = Chosen(("sentences",), ("image",), ("ja",))
    paths = [tmp_path / "new" / name for name in ("items.parquet", "items.csv")]
    assert [write_item_table(explored, chosen, path) for path in paths] == [
        80,
        80,
    ]  # 2 seeds, 2 directions
    rows = pq.read_table(paths[0]).to_pylist()
    assert {(r["target"], r["arm"], r["language"]) for r in rows} == {("sentences", "image", "ja")}
    found = pq.read_table(run / "found.parquet").to_pylist()
    keys = ("arm", "seed", "target", "protocol", "language", "item")
    answers = {tuple(row[key] for key in keys): row for row in found}
    texts = {
        (t["protocol"], t["language"], t["role"], t["item"]): t["text"]
        for t in pq.read_table(run / "texts.parquet").to_pylist()
        if t["target"] == "sentences"
    }
    for row in rows:
        place = (row["protocol"], row["language"])
        best = answers[tuple(row[key] for key in keys)]
        assert row["query_text"] == texts[*place, "query", row["item"]]
        assert row["right_text"] == texts[*place, "right", row["item"]]
        assert row["retrieved"] == row["answer_1"] and row["retrieved_text"] == row["answer_1_text"]
        for rank, (answer, score) in enumerate(
            zip(best["answers"], best["scores"], strict=True), 1
        ):
            assert row[f"answer_{rank}"] == answer
            assert row[f"answer_{rank}_text"] == texts[*place, "retrieved", answer]
            assert row[f"score_{rank}"] == score
    written = pyarrow.csv.read_csv(paths[1])
    assert written.column_names == list(rows[0]) and len(written) == 80
    assert written["query_text"].to_pylist() == [row["query_text"] for row in rows]


def test_a_table_of_an_earlier_run_has_fewer_columns(tmp_path: Path) -> None:
    folder = ExplorerRun().write(tmp_path / "run")
    for name in ("found", "texts"):
        (folder / f"{name}.parquet").unlink()
    path = tmp_path / "items.parquet"
    write_item_table(Explored.read(folder), Chosen(arms=("raw",)), path)
    table = pq.read_table(path)
    assert "answer_1" not in table.column_names and table["query_text"].null_count == len(table)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Chosen(targets=("sentence",)), "unknown target 'sentence'.*did you mean 'sentences'"),
        (Chosen(arms=("imagee",)), "unknown arm 'imagee'"),
        (Chosen(languages=("xx",)), "unknown language 'xx'"),
    ],
)
def test_unknown_names_are_refused(
    explored: Explored, tmp_path: Path, chosen: Chosen, message: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"(?s){message}"):
        write_item_table(explored, chosen, tmp_path / "items.csv")
    with pytest.raises(UnknownNameError, match=f"(?s){message}"):
        list(atlas_files(explored, chosen, tmp_path))


def test_another_ending_is_refused(explored: Explored, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"items\.xlsx"):
        write_item_table(explored, Chosen(), tmp_path / "items.xlsx")


def test_files_for_embedding_atlas(run: Path, explored: Explored, tmp_path: Path) -> None:
    files = list(atlas_files(explored, Chosen(arms=("raw", "image")), tmp_path))
    assert [file.path for file in files] == [
        tmp_path / "sentences" / f"{a}.parquet" for a in ("raw", "image")
    ]
    assert files[1].command == (
        f"embedding-atlas {files[1].path} --x x --y y --neighbors neighbors --text text"
    )
    table = pq.read_table(files[1].path)
    places = pq.read_table(run / "projections.parquet").filter(pc.field("arm") == "image")
    assert (
        table["x"].equals(places["x"]) and table["text"].to_pylist() == places["text"].to_pylist()
    )
    neighbours = table["neighbors"].to_pylist()
    assert neighbours[0] == {"ids": [1, 2], "distances": pytest.approx([0.1, 0.2])}
    outcomes = pq.read_table(run / "outcomes.parquet")
    of_item = outcomes.filter(
        (pc.field("target") == "sentences")
        & (pc.field("protocol") == "crosslift/xx->en")
        & (pc.field("arm") == "image")
        & (pc.field("language") == "de")
        & (pc.field("item") == "s4")
    )
    assert table["outcome"][4].as_py() == pc.mean(of_item["top1_accuracy"]).as_py()


def test_neighbours_are_those_of_the_chosen_languages(explored: Explored, tmp_path: Path) -> None:
    (file,) = atlas_files(explored, Chosen(arms=("raw",), languages=("ar",)), tmp_path)
    table = pq.read_table(file.path)
    assert table["language"].to_pylist() == ["ar"] * 20
    last = [row["ids"] for row in table["neighbors"].to_pylist()][-2:]
    assert last == [[19], []]  # the next rows are of another language


def test_no_map_is_said(tmp_path: Path) -> None:
    folder = ExplorerRun().write(tmp_path / "run")
    (folder / "projections.parquet").unlink()
    with pytest.raises(DataError, match="no map of vectors"):
        list(atlas_files(Explored.read(folder), Chosen(), tmp_path / "atlas"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "a.csv", "--atlas", "b"], "give one of"),
        (["--target", "sentences"], "are for --table and"),
        (["another", "third"], "3 runs: give one or two"),
    ],
)
def test_options_that_do_not_go_together(
    run: Path, crosslift: Any, arguments: list[str], message: str
) -> None:
    done = crosslift("explore", run, *arguments)
    assert done.code == 2 and message in " ".join(done.err.replace("│", " ").split())


def test_the_command_writes_tables_and_atlas(run: Path, crosslift: Any, tmp_path: Path) -> None:
    table = crosslift("explore", run, "--table", tmp_path / "t.csv", "--arm", "raw")
    assert table.code == 0 and "240 rows" in table.out
    atlas = crosslift("explore", run, "--atlas", tmp_path / "atlas", "--arm", "text")
    assert atlas.code == 0 and "--neighbors neighbors" in atlas.out
    assert (tmp_path / "atlas" / "sentences" / "text.parquet").is_file()
