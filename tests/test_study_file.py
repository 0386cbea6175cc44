"""Study files: what is valid, and that every error is found and shown at once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from crosslift.errors import StudyError
from crosslift.studies.reading import StudyFileError, parse_study, read_study

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
            "{encoder: {name: embedded, pooling: max}}",
            "starts.plain.encoder.pooling",
        ),
        (
            "{encoder: embedded}",
            "{encoder: {name: embedded, layer: 3}}",
            "starts.plain.encoder.layer",
        ),
        ("start: plain", "start: plain\nbaseline: basline", "baseline"),
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
