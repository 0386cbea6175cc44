"""Records: what they refuse, what they write, and that every field is documented."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import ValidationError
from report_sample import sample_task, write_sample
from report_sources_sample import write_sources_sample

import crosslift.results
from crosslift.errors import DataError
from crosslift.results.arm_facts import Augmentation, ControlKind
from crosslift.results.documentation import attribute_docstrings
from crosslift.results.example import Example
from crosslift.results.group_effect import GroupEffect
from crosslift.results.overlap_facts import OverlapFacts
from crosslift.results.result_record import (
    ResultRecord,
    absent_if,
    from_json,
    read_json_file,
    read_optional_json_file,
    write_json_file,
)
from crosslift.results.run_facts import RunFacts
from crosslift.results.score_rows import CurvePoint, Score, read_rows, table_of
from crosslift.results.verdict import Verdict
from crosslift.tasks.controls import CONTROLS

KEYS = {
    "": "schema study question registration partial created version baseline arms failed targets "
    "protocols environments written_in differing store steps overlap gains attributions orientations "
    "expected checksums",
    "arms": "name role baseline control_of control zero_shot languages description encoder start "
    "start_seeds prompt seeds stages budget fine_tune",
    "arms.stages": "tasks updates batch_size learning_rate settings kept_updates",
    "arms.stages.tasks": "task form examples share settings cost tower train dev rows "
    "left_out learning",
    "arms.budget": "updates examples tokens flops seconds",
    "targets": "name title metric protocol languages gaps kind notes left_out unread photographs "
    "texts distinct_texts side_prompts",
    "targets.gaps": "language reason",
    "environments": "facts steps arms",
    "steps": "key kind label group arm seed seconds peak_bytes reused other_code environments digest",
    "overlap.examples": "train test similarity",
    "gains": "arm control target sentence",
    "attributions": "arm baseline target metric protocol whole parts sentence",
    "attributions.parts": "source control kind named rest within_whole",
    "attributions.whole": "arm against effect low high level p_corrected verdict n_queries "
    "n_languages seeds",
    "orientations": "arm against target effect low high level n_queries n_languages",
}
"""Place in `run.json` -> the keys that its objects have, in order."""


class Reading(ResultRecord):
    """A record of this test."""

    name: str
    value: float = 0.5
    note: Annotated[str | None, absent_if(None)] = None


def objects(content: Any, place: str) -> Iterator[dict[str, Any]]:
    """The objects at a place such as ``arms.stages``; a list stands for each of its entries."""
    if isinstance(content, list):
        for entry in content:
            yield from objects(entry, place)
    elif not place:
        yield content
    else:
        name, _, rest = place.partition(".")
        yield from objects(content[name], rest)


def test_a_record_is_immutable_and_finite() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Reading(name="a").name = "b"  # type: ignore[misc]
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="finite"):
            Reading(name="a", value=value)


def test_a_key_is_absent_only_where_the_field_says_so() -> None:
    assert Reading(name="a").to_json() == {"name": "a", "value": 0.5}
    assert list(Reading(note="n", value=1, name="a").to_json()) == ["name", "value", "note"]


def test_content_that_is_no_record_is_an_error_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "readings.json"
    for content, message in (("[{}]", "name"), ('[{"name": "a", "value": "b"}]', "value")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=message) as caught:
            read_json_file(path, tuple[Reading, ...])
        assert str(path) in str(caught.value)
        assert "run the study again" in str(caught.value.remedy)
    path.write_text("[", encoding="utf-8")
    with pytest.raises(DataError, match="not JSON"):
        read_json_file(path, Reading)
    with pytest.raises(DataError, match="measure it again"):
        from_json([], Reading, "a reading", remedy="measure it again")


def test_a_file_that_a_run_lacks(tmp_path: Path) -> None:
    path = tmp_path / "readings.json"
    assert read_optional_json_file(path, tuple[Reading, ...]) is None
    with pytest.raises(DataError, match="cannot be read"):
        read_json_file(path, Reading)
    write_json_file(path, [Reading(name="ä")])
    assert "ä" in path.read_text(encoding="utf-8")
    assert read_optional_json_file(path, tuple[Reading, ...]) == (Reading(name="ä"),)


def test_every_file_is_written_as_it_was_read(tmp_path: Path) -> None:
    made = write_sources_sample(tmp_path / "run")
    kinds: dict[str, Any] = {
        "run.json": RunFacts,
        "verdicts.json": tuple[Verdict, ...],
        "groups.json": tuple[GroupEffect, ...],
        "examples.json": tuple[Example, ...],
    }
    for name, kind in kinds.items():
        write_json_file(tmp_path / name, read_json_file(made / name, kind))
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize("place", KEYS)
def test_the_keys_of_the_run_and_their_order(tmp_path: Path, place: str) -> None:
    made = write_sources_sample(tmp_path / "run", seeds=1)
    run = json.loads((made / "run.json").read_text(encoding="utf-8"))
    found = list(objects(run, place))
    assert found
    assert {" ".join(each) for each in found} == {KEYS[place]}


def test_keys_that_a_file_leaves_out() -> None:
    task = sample_task("nli", "classification", 6, 1.0)
    assert "augmentation" not in task.to_json()
    copies = Augmentation(copies=2, source="WordNet", words=9, with_synonyms=5, replaced=3)
    copied = task.model_copy(update={"augmentation": copies}).to_json()
    assert list(copied)[-1] == "augmentation"
    assert " ".join(copied["augmentation"]) == "copies source words with_synonyms replaced"
    texts = OverlapFacts(task="nli", target="names", exact=0, near=0, examples=())
    keys = "task target records items exact near examples"
    assert " ".join(texts.to_json()) == keys
    pictures = texts.model_copy(update={"kind": "pictures"}).to_json()
    assert " ".join(pictures) == keys.replace("target", "target kind")


def test_the_columns_of_tables(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=2, languages=2, seeds=1)
    columns = "study arm seed target protocol step_key subset language metric value n"
    assert " ".join(Score._fields) == columns
    assert " ".join(CurvePoint._fields) == "arm seed stage task update metric value"
    scores = read_rows(made / "results.parquet", Score)
    assert table_of(scores, Score).to_pylist() == [row._asdict() for row in scores]
    assert table_of([], CurvePoint).column_names == list(CurvePoint._fields)


def test_a_record_knows_every_control_that_a_study_can_name() -> None:
    assert set(get_args(ControlKind)) == set(CONTROLS)


def test_every_field_of_every_record_is_documented() -> None:
    for module in pkgutil.iter_modules(crosslift.results.__path__):
        importlib.import_module(f"crosslift.results.{module.name}")
    records = [
        kind
        for kind in _subclasses(ResultRecord)
        if kind.__module__.startswith("crosslift.results.")
    ]
    assert len(records) > 15
    bare = [
        f"{kind.__name__}.{name}"
        for kind in records
        for name in kind.model_fields
        if name not in attribute_docstrings(kind)
    ]
    assert bare == []


def _subclasses(kind: type[ResultRecord]) -> Iterator[type[ResultRecord]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
