"""Study files: what is valid, and that every error is found and shown at once."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest
import yaml

from crosslift.artifacts.parse import parse_yaml
from crosslift.errors import StudyError
from crosslift.studies.reading import (
    StudyFileError,
    parse_study,
    read_study,
    saved_study,
    study_of,
)
from crosslift.training.stage_settings import StageSettings

GOOD = """
name: small
question: Does it help?
seeds: [1, 2]
starts:
  plain: {encoder: embedded}
start: plain
budget: {updates: 2, batch_size: 4}
arms:
  baseline: {}
  text: {stages: [{task: name-alias}]}
  image: {stages: [{task: picture-name}]}
  image-shuffled: {control_of: image, stages: [{task: picture-name, control: shuffled-pictures}]}
targets: [names, {name: gettext, languages: [de, sw]}]
comparisons:
  - {arm: image, against: text}
"""


def faults(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    with pytest.raises(StudyFileError) as caught:
        parse_study(text)
    return {
        ".".join(map(str, fault.path)): (fault.expected, fault.near)
        for fault in caught.value.faults
    }


def test_bare_names_stand_for_settings() -> None:
    study = parse_study(GOOD)
    assert study.starts["plain"].encoder.name == "embedded"
    assert study.targets[0].name == "names"
    assert study.targets[1].languages == ("de", "sw")


def test_untrained_arms_have_one_run() -> None:
    study = parse_study(GOOD)
    assert study.seeds_of(study.arms["baseline"]) == (0,)
    assert study.seeds_of(study.arms["text"]) == (1, 2)


def test_five_errors_are_all_shown_with_line_and_nearest_name() -> None:
    text = (
        GOOD.replace("task: name-alias", "task: name-alais")
        .replace("targets: [names", "targets: [namse")
        .replace("against: text", "against: txet")
        .replace("start: plain", "start: plane")
        .replace("updates: 2", "updates: -2")
        .replace("baseline: {}", "baseline: {stgaes: []}")
    )
    found = faults(text)
    assert found["arms.text.stages.0.task"][1] == ("name-alias",)
    assert found["targets.0"][1] == ("names",)
    assert found["comparisons.0.against"][1] == ("text",)
    assert found["start"][1] == ("plain",)
    assert found["arms.baseline.stgaes"][1] == ("stages",)
    assert "greater than or equal to 1" in found["budget.updates"][0]
    assert len(found) == 6
    with pytest.raises(StudyFileError) as caught:
        parse_study(text, source="mine.yaml")
    message = str(caught.value)
    assert message.startswith("mine.yaml: 6 errors")
    assert "line 11: arms.text.stages[0].task: found 'name-alais'" in message
    assert "Did you mean 'name-alias'?" in message
    assert "found -2" in message


def test_a_setting_of_several_types_has_one_error() -> None:
    wrong = GOOD.replace("text: {", "text: {controls: [placebo-label], ", 1)
    assert wrong != GOOD
    ((path, (expected, near)),) = faults(wrong).items()
    assert (path, near) == ("arms.text.controls.0", ("placebo-labels",))
    assert "auto" not in expected
    ((path, (expected, _)),) = faults(wrong.replace("[placebo-label]", "placebo-label")).items()
    assert path == "arms.text.controls"
    assert expected == "'auto', or a list in brackets: [A, B]"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("updates: 2", "updates: 2, tokens: 5", "budget"),
        ("budget: {updates: 2, batch_size: 4}", "", "arms.text.stages.0.budget"),
        ("[names,", "[tatoeba,", "targets.0"),
        ("task: name-alias", "task: text-pairs", "arms.text.stages.0.data"),
        ("control_of: image", "control_of: picture", "arms.image-shuffled.control_of"),
        ("seeds: [1, 2]", "seeds: []", "seeds"),
        ("name: small", "name: Small Study", "name"),
        ("question: Does it help?", "", "question"),
        ("baseline: {}", "untouched: {}", "baseline"),
        (
            "{encoder: embedded}",
            "{encoder: {name: embedded, pooling: middle}}",
            "starts.plain.encoder.pooling",
        ),
        (
            "{encoder: embedded}",
            "{encoder: {name: embedded, layer: 3}}",
            "starts.plain.encoder.layer",
        ),
        ("start: plain", "start: plain\nbaseline: basline", "baseline"),
        ("against: text}", "against: text, targets: [[], names]}", "comparisons.0.targets.0"),
        ("against: text}", "against: text, targets: [{a: 1}]}", "comparisons.0.targets.0"),
        ("against: text}", "against: [text]}", "comparisons.0.against"),
        ("[names,", "[[names],", "targets.0"),
    ],
)
def test_each_error_is_found_at_its_path(old: str, new: str, path: str) -> None:
    assert old in GOOD
    found = faults(GOOD.replace(old, new))
    assert path in found


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_study(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(StudyError, match=r"latin\.yaml cannot be read"):
        read_study(tmp_path / "latin.yaml")
    with pytest.raises(StudyError, match="not valid YAML"):
        parse_study("name: [")
    with pytest.raises(StudyError, match="holds list"):
        parse_study("- a\n- b")
    with pytest.raises(StudyError, match="holds NoneType"):
        parse_study("")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("[names,", "[{name: bitext, data: pairs},")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    assert read_study(tmp_path / "study.yaml").targets[0].data == tmp_path / "pairs"


def test_folders_of_models_are_relative_to_the_file_where_they_exist(
    bert_folder: Path, tmp_path: Path
) -> None:
    """A name without such a folder stays: it may be one of the hub. `teacher: pictures` is no model."""
    folder = tmp_path / "deep" / "models"
    folder.mkdir(parents=True)
    shutil.copytree(bert_folder, folder / "tiny")
    (tmp_path / "deep" / "pictures").mkdir()
    raw = {
        "name": "models",
        "question": "Where are they?",
        "seeds": [1],
        "starts": {
            "short": {"encoder": "models/tiny"},
            "long": {"encoder": {"name": "./models/tiny", "precision": "float32"}},
            "hub": {"encoder": "models/other"},
            "home": {"encoder": "embedded"},
        },
        "start": "short",
        "budget": {"updates": 1, "batch_size": 2},
        "arms": {
            "baseline": {},
            "guided": {"stages": [{"task": "name-alias", "options": {"guide": "models/tiny"}}]},
            "taught": {
                "stages": [
                    {
                        "task": "caption-to-feature",
                        "data": "captions.csv",
                        "options": {"teacher": "pictures", "tower": "models/tiny"},
                    }
                ]
            },
        },
        "targets": ["names"],
    }
    (tmp_path / "deep" / "study.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    study = read_study(tmp_path / "deep" / "study.yaml")
    tiny = str(folder / "tiny")
    names = {name: start.encoder.name for name, start in study.starts.items()}
    assert names == {"short": tiny, "long": tiny, "hub": "models/other", "home": "embedded"}
    assert study.arms["guided"].stages[0].tasks[0].options == {"guide": tiny}
    options = study.arms["taught"].stages[0].tasks[0].options
    assert options == {"teacher": "pictures", "tower": tiny}


def test_shipped_studies_are_valid() -> None:
    shipped = sorted(Path("studies").glob("*.yaml"))
    assert shipped
    for path in shipped:
        study = read_study(path)
        header = path.read_text(encoding="utf-8").split("name:")[0]
        assert f"crosslift run {path.as_posix()}" in header
        assert "Hardware:" in header
        assert "Time:" in header
        assert study.comparisons
    demo = (resources.files("crosslift.studies") / "demo.yaml").read_text(encoding="utf-8")
    assert set(parse_study(demo).arms) == {
        *("baseline", "text", "image", "image-shuffled", "image-locked", "embedded")
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("seeds: [1, 2]", "seeds: [1, 1]", 4, "each entry once; 1 appears twice"),
        ("seeds: [1, 2]", "seeds: [-1]", 4, "greater than or equal to 0"),
        ("seeds: [1, 2]", "seeds: [5000000000]", 4, "less than 4294967296"),
        ("languages: [de, sw]", "languages: [de, no, de]", 14, "'de' appears twice"),
        (
            "  - {arm: image, against: text}",
            "  - {arm: image, against: text}\n  - {arm: image, against: text}",
            15,
            "entry 2",
        ),
        ("baseline: {}", "baseline: {controls: [a, a]}", 10, "placebo-labels"),
        ("[names,", "[{name: bitext, data: ~nouser/x},", 14, "unknown user"),
        ("[names,", "[{name: names, data: 'cldr:~nouser/x'},", 14, "unknown user"),
        ("[names,", "[{name: bitext, data: " + "x" * 300 + "},", 14, "at most 255 bytes"),
        ("[names,", '[{name: bitext, data: "a\\0b"},', 14, "U+0000"),
    ],
)
def test_what_would_count_twice_or_cannot_be_is_a_fault_with_its_line(
    old: str, new: str, line: int, says: str
) -> None:
    assert old in GOOD
    with pytest.raises(StudyFileError) as caught:
        parse_study(GOOD.replace(old, new), folder=Path("here"))
    told = [part for part in str(caught.value).splitlines() if says in part]
    assert told, str(caught.value)
    assert f"line {line}: " in told[0]


def test_an_arm_twice_is_refused_with_both_lines() -> None:
    twice = GOOD.replace("  image: {", "  text: {stages: [{task: mnli}]}\n  image: {")
    with pytest.raises(StudyError, match="line 12: the key 'text' appears twice, first in line 11"):
        parse_study(twice)
    blocks = GOOD + "arms:\n  baseline: {}\n"
    with pytest.raises(StudyError, match="line 17: the key 'arms' appears twice, first in line 9"):
        parse_study(blocks)


def test_norwegian_and_odd_dates_are_texts() -> None:
    text = GOOD.replace("languages: [de, sw]", "languages: [no, nb]")
    study = parse_study(text.replace("Does it help?", "2024-02-30"))
    assert study.targets[1].languages == ("no", "nb")
    assert study.question == "2024-02-30"


def test_one_anchor_in_two_places_is_placed_in_each_once() -> None:
    text = GOOD.replace("[names,", "[{name: bitext, data: pairs},").replace(
        "  text: {stages: [{task: name-alias}]}",
        "  text: {stages: &s [{task: text-pairs, data: p.tsv}]}\n  more: {stages: *s}",
    )
    arms = parse_study(text, folder=Path("studies")).arms
    found = [arms[name].stages[0].tasks[0].data for name in ("text", "more")]
    assert found == [Path("studies/p.tsv")] * 2


def test_an_unknown_task_beside_controls_is_told_with_its_line() -> None:
    text = GOOD.replace("task: name-alias", "task: name-alais") + "controls: [placebo-labels]\n"
    assert faults(text)["arms.text.stages.0.task"][1] == ("name-alias",)


def test_half_of_a_surrogate_pair_is_refused_in_a_mapping_too() -> None:
    raw = parse_yaml(GOOD, "good").value | {"question": "smile \ud83d"}
    with pytest.raises(StudyFileError, match="question"):
        study_of(raw)


def test_a_long_value_is_shortened_in_the_error() -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(GOOD.replace("start: plain", f"start: {'x' * 5000}"))
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize(
    ("content", "says"), [(b"{", "not JSON"), (b"[]", "holds list"), (b"\xff", "not JSON")]
)
def test_a_damaged_study_of_a_run_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "study.json").write_bytes(content)
    with pytest.raises(StudyError, match=says):
        saved_study(tmp_path)


def test_a_wrong_entry_is_one_error_not_a_list_that_is_too_short_as_well() -> None:
    assert set(faults(GOOD.replace("seeds: [1, 2]", "seeds: [-1]"))) == {"seeds.0"}
    assert set(faults(GOOD.replace("languages: [de, sw]", "languages: [5]"))) == {
        "targets.1.languages.0"
    }
    assert set(faults(GOOD.replace("seeds: [1, 2]", "seeds: []"))) == {"seeds"}


# The short form of a stage: `task` and its settings beside those of the stage


def stages_of(text: str) -> tuple[StageSettings, ...]:
    return parse_study(text, folder=Path("studies")).arms["text"].stages


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("{task: name-alias}", "{tasks: [name-alias]}"),
        ("{task: name-alias, tasks: []}", "{tasks: [{task: name-alias}], task: null, columns: {}}"),
        (
            "{task: text-pairs, data: p.tsv, limit: 5, control: placebo-labels, l2_sp: 0.1}",
            "{tasks: [{task: text-pairs, data: p.tsv, limit: 5, control: placebo-labels}], l2_sp: 0.1}",
        ),
    ],
)
def test_both_forms_of_a_stage_are_one_stage(short: str, long: str) -> None:
    first, second = (stages_of(GOOD.replace("{task: name-alias}", form)) for form in (short, long))
    assert first == second
    assert StageSettings.model_validate(first[0].model_dump(mode="json")) == first[0]


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (
            "{task: name-alias,\n   limit: 0,\n   lr: 1,\n   learning_rate: -1}",
            {
                "line 12: arms.text.stages[0].limit: found 0, expected greater than or equal to 1.",
                "line 13: arms.text.stages[0].lr: found 'lr', expected one of the settings "
                "accumulation, ",
                "line 14: arms.text.stages[0].learning_rate: found -1, expected greater than 0.",
            },
        ),
        (
            "{task: mnli,\n   translate: {engine: apertium,\n     too: de, to: []}}",
            {
                "line 13: arms.text.stages[0].translate.to: found [], expected Tuple should have at "
                "least 1 item after validation, not 0.",
                "line 13: arms.text.stages[0].translate.too: found 'too', expected one of the settings "
                "batch_size, ",
            },
        ),
        (
            "{l2_sp: 1, lora: {}, task: mnli}",
            {
                "line 11: arms.text.stages[0]: found {'l2_sp': 1, 'lora': {}, 'task': 'mnli'}, "
                "expected either lora or l2_sp"
            },
        ),
        ("{limit: 5}", {"arms.text.stages[0]: found {'limit': 5}, expected either task or tasks"}),
        (
            "{tasks: [mnli], limit: x}",
            {"arms.text.stages[0].limit: found 'x', expected a whole number"},
        ),
        (
            "{tasks: [mnli], limit: 5}",
            {"found {'tasks': ['mnli'], 'limit': 5}, expected limit inside the tasks"},
        ),
        ("{tasks: [{task: mnli, limit: 0}]}", {"arms.text.stages[0].tasks[0].limit: found 0"}),
    ],
)
def test_a_fault_of_a_stage_is_at_the_place_where_it_was_written(
    stage: str, told: set[str]
) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(GOOD.replace("{task: name-alias}", stage))
    message = str(caught.value)
    assert len(caught.value.faults) == len(told), message
    for fault in told:
        assert fault in message


def test_an_unknown_setting_of_a_stage_is_compared_with_those_of_both_forms() -> None:
    found = faults(GOOD.replace("{task: name-alias}", "{task: name-alias, limti: 5, mixin: {}}"))
    assert found["arms.text.stages.0.limti"][1][0] == "limit"
    assert found["arms.text.stages.0.mixin"][1] == ("mixing",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds: [1, 2]", "seeds: 3", "seeds: found 3, expected a list in brackets: [A, B]."),
        ("name: small", "name: Small Study", "expected lower-case letters (a to z), digits"),
        ("updates: 2", "updates: many", "budget.updates: found 'many', expected a whole number"),
        (
            "start: plain",
            "start: plain\ncomparisons: []\nsmallest_effect: big",
            "expected a number",
        ),
        ("baseline: {}", "baseline: yes", "expected a mapping (NAME: VALUE)"),
        (
            "against: text",
            "against: txt",
            "found 'txt', expected the name of an arm (baseline, text,",
        ),
        ("Does it help?", "{a: Does it help?}", "put in quotes: 'Does it help?'"),
    ],
)
def test_messages_are_in_plain_words(old: str, new: str, says: str) -> None:
    text = GOOD.replace(old, new)
    if "comparisons: []" in new:
        text = text[: text.index("comparisons:\n")]
    with pytest.raises(StudyError) as caught:
        parse_study(text)
    message = str(caught.value)
    assert says in message
    assert "--shuffled" not in message and "the study: found" not in message
    assert "valid tuple" not in message and "^[a-z" not in message
