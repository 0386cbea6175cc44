"""Locks of studies: written once, found when edited, and compared with what is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.reports.html import REPORT
from crosslift.reports.registration import registration_sentence
from crosslift.results.registration_facts import RegistrationFacts
from crosslift.studies.registration import read_lock, register, registered

STUDY = """
name: asked
question: Does it help?
seeds: [1, 2, 3]
smallest_effect: 1
starts: {plain: {encoder: embedded}}
start: plain
budget: {updates: 3, batch_size: 6}
arms:
  baseline: {}
  text: {description: names, stages: [{task: name-alias, data: names}]}
targets: [{name: names, languages: [de, ar]}, gettext]
comparisons: [{arm: text, against: baseline, question: "Help?"}]
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    place = tmp_path / "asked.yaml"
    place.write_text(STUDY, encoding="utf-8")
    return place


def differences(study: Path) -> list[str]:
    lock = registered(study)
    assert lock is not None
    return list(lock.differences)


def test_a_study_without_a_lock(study_file: Path) -> None:
    assert registered(study_file) is None


def test_a_lock_holds_what_is_asked_and_agrees_with_it(study_file: Path) -> None:
    place, lock, _ = register(study_file)

    assert place.name == "asked.lock"
    assert lock.asked["seeds"] == [1, 2, 3]
    assert lock.asked["comparisons"][0]["question"] == "Help?"
    assert lock.asked["smallest_effect"] == 1
    assert read_lock(study_file) == lock
    assert differences(study_file) == []


def test_a_lock_names_no_place_of_the_machine(study_file: Path) -> None:
    place = register(study_file).place
    assert str(study_file.parent) not in place.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("seeds: [1, 2, 3]", "seeds: [1, 2]", "seeds: [1, 2, 3] registered, [1, 2] run"),
        ("smallest_effect: 1", "smallest_effect: 2", "smallest_effect: 1.0 registered, 2.0 run"),
        ("smallest_effect: 1\n", "", "smallest_effect: 1.0 registered, not stated run"),
        ("{updates: 3,", "{updates: 9,", "budget.updates: 3 registered, 9 run"),
        (
            'question: "Help?"',
            'question: "Hurt?"',
            'comparisons[text against baseline].question: "Help?" registered, "Hurt?" run',
        ),
        ("[de, ar]}", "[de]}", 'targets[names].languages: ["de", "ar"] registered, ["de"] run'),
        (
            "[{name: names",
            "[{name: word-pairs-trained, data: x}, {name: names",
            'targets[word-pairs-trained].data: not stated registered, "x" run',
        ),
    ],
)
def test_a_study_that_was_changed_after_its_registration(
    study_file: Path, before: str, after: str, difference: str
) -> None:
    register(study_file)
    assert before in STUDY
    study_file.write_text(STUDY.replace(before, after), encoding="utf-8")

    assert difference in differences(study_file)


def test_an_arm_left_out_is_one_difference_and_moves_no_other(study_file: Path) -> None:
    more = """  other: {stages: [{task: name-alias}]}
targets"""
    asked = STUDY.replace("targets", more, 1).replace(
        "comparisons: [",
        "comparisons: [{arm: other, against: text}, {arm: other, against: baseline}, ",
    )
    study_file.write_text(asked, encoding="utf-8")
    register(study_file)

    study_file.write_text(STUDY.replace("seeds: [1, 2, 3]", "seeds: [1, 2]"), encoding="utf-8")

    assert differences(study_file) == [
        "arm other: registered, not run",
        "seeds: [1, 2, 3] registered, [1, 2] run",
    ]


def test_another_order_or_description_is_no_difference(study_file: Path) -> None:
    register(study_file)
    text = STUDY.replace("description: names", "description: English names")
    first, second = "[{name: names, languages: [de, ar]}", "gettext]"
    text = text.replace(f"{first}, {second}", f"[gettext, {first[1:]}]")
    study_file.write_text(text, encoding="utf-8")

    assert differences(study_file) == []


def test_a_second_registration_is_refused(study_file: Path) -> None:
    register(study_file)
    with pytest.raises(StudyError, match="exists"):
        register(study_file)


@pytest.mark.parametrize("path", [("asked", "seeds"), ("registered",), ("version",), ("study",)])
def test_a_lock_that_was_edited(study_file: Path, path: tuple[str, ...]) -> None:
    place = register(study_file).place
    content = json.loads(place.read_text(encoding="utf-8"))
    owner = content
    for name in path[:-1]:
        owner = owner[name]
    owner[path[-1]] = [1] if path[-1] == "seeds" else "2001-01-01"
    place.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(StudyError, match="was changed after it was written"):
        registered(study_file)


def test_a_file_that_is_no_lock(study_file: Path) -> None:
    study_file.with_suffix(".lock").write_text("{}", encoding="utf-8")
    with pytest.raises(StudyError, match="is no lock of a study"):
        registered(study_file)


def facts(**changes: object) -> RegistrationFacts:
    content = {
        "lock": "asked.lock",
        "hash": "0123456789abcdef",
        "registered": "2026-11-30T05:00:00+00:00",
        "version": "0.1.0",
        "differences": (),
        "first_score": "2026-11-30T05:01:00+00:00",
    }
    return RegistrationFacts.model_validate(content | changes)


def test_sentences_of_a_registration() -> None:
    when = "on 2026-11-30 05:00 UTC (asked.lock, 01234567)"
    assert registration_sentence(None) == "The questions were not registered before the run."
    assert registration_sentence(facts()) == f"As registered {when}, before the first scores."
    assert registration_sentence(facts(differences=("seeds: [1] registered, [2] run",))) == (
        f"Registered {when}. The run differs in 1 setting: seeds: [1] registered, [2] run."
    )
    late = registration_sentence(facts(first_score="2026-11-30T04:59:00+00:00"))
    assert late.startswith(
        "The first scores were computed on 2026-11-30 04:59 UTC, before the study"
    )


def test_a_report_says_whether_its_run_was_registered(
    study_file: Path, xlm_folder: Path, tmp_path: Path
) -> None:
    lock = register(study_file)
    study = small_study(
        xlm_folder, arms={"baseline": {}}, comparisons=[], targets=["names"], start="plain"
    )
    store = Store(tmp_path / "store")
    run = run_study(study, tmp_path / "run", store, registered=lock)
    page = (run.path / REPORT).read_text(encoding="utf-8")
    assert run.run.registration is not None
    assert "As registered on" in page

    plain = run_study(study, tmp_path / "plain", store)
    assert plain.run.registration is None
    assert "not registered before the run" in (plain.path / REPORT).read_text(encoding="utf-8")
