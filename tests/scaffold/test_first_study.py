"""The study that `init` writes, from own files of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crosslift.errors import DataError, StudyError
from crosslift.scaffold.first_study import RATES, first_study
from crosslift.scaffold.own_data import OwnBitexts, OwnCaptions, OwnPairs, look, pair_columns
from crosslift.studies.reading import parse_study, read_study
from crosslift.studies.schema import Study


def pairs_file(folder: Path, count: int = 300, header: str = "question,answer") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        f"where is the number {n} of the list,it is at the place {n} of it" for n in range(count)
    ]
    path = folder / "faq.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def captions_folder(folder: Path, count: int = 210) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["image,caption"]
    for number in range(count):
        Image.new("RGB", (8, 8), (number, 0, 255 - number)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,a picture that shows the number {number}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "captions.csv"


def bitexts_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for code in ("de", "sw"):
        rows = [f"satz {code} {n}\tsentence {n}" for n in range(30)]
        (folder / f"own.{code}-en.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def written(tmp_path: Path, *data: Path, **settings: Any) -> Study:
    """The study of some data, read as a user's file is."""
    own = [look(path, {}) for path in data]
    study = first_study("mine", "embedded", own, tmp_path / "mine-data", base=tmp_path, **settings)
    file = tmp_path / "mine.yaml"
    study.write_parts()
    file.write_text(study.text(), encoding="utf-8")
    return read_study(file)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_pairs_become_an_arm_with_control_choice_and_held_out_part(tmp_path: Path) -> None:
    study = written(tmp_path, pairs_file(tmp_path))
    assert list(study.arms) == ["baseline", "pairs", "pairs--placebo-labels"]
    arm = study.arms["pairs"]
    assert arm.choose is not None
    assert arm.choose.learning_rate == RATES
    assert arm.choose.on.data == tmp_path / "mine-data" / "pairs.dev.jsonl"
    assert arm.stages[0].tasks[0].data == tmp_path / "mine-data" / "pairs.train.jsonl"
    assert arm.stages[0].tasks[0].options == {"temperature": 0.01}
    assert [target.name for target in study.targets] == ["text-pairs", "names", "gettext"]
    assert study.targets[0].data == tmp_path / "mine-data" / "pairs.test.jsonl"
    parts = [rows_of(tmp_path / "mine-data" / f"pairs.{p}.jsonl") for p in ("train", "dev", "test")]
    assert [len(rows) for rows in parts] == [240, 30, 30]
    anchors = [{row["anchor"] for row in rows} for rows in parts]
    assert not anchors[0] & anchors[2]
    assert not anchors[1] & anchors[2]


def test_pictures_become_an_arm_and_the_map_that_it_is_compared_with(tmp_path: Path) -> None:
    study = written(tmp_path, captions_folder(tmp_path / "photos"))
    assert list(study.arms) == [
        "baseline",
        "pictures",
        "pictures--shuffled-pictures",
        "pictures-map",
    ]
    assert study.arms["pictures-map"].stages[0].text_side == "locked"
    for name in ("pictures", "pictures-map"):
        assert study.arms[name].stages[0].tasks[0].options == {"first_temperature": 0.01}
    assert study.comparisons[0].against == "pictures-map"
    rows = rows_of(tmp_path / "mine-data" / "captions.jsonl")
    assert {row["split"] for row in rows} == {"train", "test"}
    assert sum(row["split"] == "test" for row in rows) == 42
    choice, guard = study.arms["pictures"].choose, study.targets[1]
    assert choice is not None
    assert choice.on.name == guard.name == "names"
    assert not set(choice.on.languages or ()) & set(guard.languages or ())


def test_pictures_with_a_test_split_are_used_as_they_are(tmp_path: Path) -> None:
    table = captions_folder(tmp_path / "photos", 60)
    lines = table.read_text(encoding="utf-8").splitlines()
    split = ["split", *(["test"] * 10 + ["train"] * 50)]
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, split, strict=True)), "utf-8")
    study = written(tmp_path, table)
    assert study.targets[0].data == study.arms["pictures"].stages[0].tasks[0].data == table


def test_bitexts_are_measured_in_the_languages_that_are_named(tmp_path: Path) -> None:
    bitexts = bitexts_folder(tmp_path / "bitexts")
    study = written(tmp_path, pairs_file(tmp_path), bitexts)
    assert [target.name for target in study.targets][1] == "bitext"
    assert study.targets[1].languages == ("de", "sw")
    (tmp_path / "mine.yaml").unlink()
    study = written(tmp_path, pairs_file(tmp_path), bitexts, languages=("sw", "ar"))
    assert [(t.name, t.languages) for t in study.targets[1:]] == [
        ("bitext", ("sw",)),
        ("names", ("ar",)),
        ("gettext", ("ar",)),
    ]


def test_a_language_that_nothing_measures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no target measures sw"):
        written(tmp_path, pairs_file(tmp_path), languages=("de", "sw"))


def test_updates_are_two_passes_within_bounds(tmp_path: Path) -> None:
    for count, updates in ((300, 20), (1000, 50), (20_000, 300)):
        study = written(tmp_path / str(count), pairs_file(tmp_path / str(count), count))
        assert study.budget is not None
        assert study.budget.updates == updates


def test_the_kind_of_data_is_seen(tmp_path: Path) -> None:
    assert isinstance(look(pairs_file(tmp_path), {}), OwnPairs)
    assert isinstance(look(bitexts_folder(tmp_path / "b"), {}), OwnBitexts)
    captions = captions_folder(tmp_path / "p", 20)
    assert isinstance(look(captions, {}), OwnCaptions)
    assert isinstance(look(captions.parent, {}), OwnCaptions)
    assert look(captions, {}).words() == f"{captions}: 20 captions of 20 pictures"


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (("Question", "Answer", "id"), {"anchor": "Question", "positive": "Answer"}),
        (("id", "query", "passage"), {"anchor": "query", "positive": "passage"}),
        (("anchor", "positive", "negative"), {"anchor": "anchor", "positive": "positive"}),
    ],
)
def test_columns_of_published_pairs_are_known(
    names: tuple[str, ...], columns: dict[str, str]
) -> None:
    assert pair_columns(Path("x.csv"), names, {}) == columns


def test_unknown_columns_and_two_languages_say_what_to_do() -> None:
    with pytest.raises(StudyError, match="--columns anchor=a,positive=b"):
        pair_columns(Path("x.csv"), ("a", "b"), {})
    with pytest.raises(StudyError, match="pairs of two languages"):
        pair_columns(Path("x.csv"), ("de", "en"), {})


def test_an_empty_table_and_one_without_a_header_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        pair_columns(Path("x.csv"), ("",), {})
    with pytest.raises(StudyError, match="if the first line is a pair") as caught:
        pair_columns(Path("x.tsv"), ("A visitor came" * 9, "He left"), {})
    assert "--columns" not in str(caught.value)
    assert len(str(caught.value).splitlines()[0]) < 80


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"too few pairs(.|\n)*about 200 pairs"):
        written(tmp_path, pairs_file(tmp_path, 100))


def test_bitexts_alone_train_nothing(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing to train on"):
        written(tmp_path, bitexts_folder(tmp_path / "b"))


def test_the_command_writes_a_study_that_can_be_planned(crosslift: Any, tmp_path: Path) -> None:
    data, out = pairs_file(tmp_path), tmp_path / "mine.yaml"
    result = crosslift("init", data, "--out", out, "--languages", "German,ja")
    assert result.code == 0, result.err
    assert "300 pairs" in result.out
    study = parse_study(out.read_text(encoding="utf-8"))
    assert study.targets[1].languages == ("de", "ja")
    again = crosslift("init", data, "--out", out)
    assert again.code == 2
    assert "exists" in again.err


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("My Study (1)", "my-study-1"),
        ("_Übung.2", "ubung.2"),
        ("mine_a-b", "mine_a-b"),
        ("研究", "study"),
    ],
)
def test_the_name_of_the_study_is_valid_whatever_the_file_is_called(
    crosslift: Any, tmp_path: Path, stem: str, name: str
) -> None:
    out = tmp_path / f"{stem}.yaml"
    result = crosslift("init", pairs_file(tmp_path), "--out", out)
    assert result.code == 0, result.err
    assert read_study(out).name == name
    assert (tmp_path / f"{stem}-data" / "pairs.test.jsonl").is_file()


def test_a_wrong_path_is_reported_before_a_file_that_exists(crosslift: Any, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    out.write_text("mine\n", encoding="utf-8")
    result = crosslift("init", tmp_path / "nowhere.csv", "--out", out)
    assert result.code == 2
    assert "nowhere.csv does not exist" in result.err
    assert "mine.yaml exists" in crosslift("init", pairs_file(tmp_path), "--out", out).err
    assert out.read_text(encoding="utf-8") == "mine\n"
    assert not (tmp_path / "mine-data").exists()


def test_nothing_is_written_if_the_study_is_wrong(crosslift: Any, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    result = crosslift("init", pairs_file(tmp_path), "--out", out, "--languages", "sw")
    assert result.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["faq.csv"]
