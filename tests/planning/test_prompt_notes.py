"""Notes on arms that are measured with other prompts than they train with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.planning.plan_study import plan_study
from crosslift.planning.prompt_notes import prompt_notes
from crosslift.studies.schema import Study

BOTH = {"prompt_src": "query: ", "prompt_tgt": "passage: "}


@pytest.fixture
def study(tmp_path: Path) -> Any:
    use = {"pooling": "mean", "prompt": "ask: ", "max_tokens": 40}
    folder = make_tiny_encoder(tmp_path / "model", "xlm-roberta", use=use)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("anchor\tpositive\na cat\tcats\na dog\tdogs\n")

    def study(trained: dict[str, str], measured: dict[str, str], encoder: str = "") -> Study:
        stage = {"task": "text-pairs", "data": str(pairs), "language": "en", **trained}
        return small_study(
            folder,
            starts={"plain": {"encoder": encoder or str(folder)}},
            start="plain",
            seeds=[1, 2],
            arms={"baseline": {}, "own": {"stages": [stage]}},
            targets=[
                {"name": "names", "languages": ["de"], **measured},
                {"name": "gettext", "languages": ["de", "he"], **measured},
            ],
            comparisons=[],
        )

    return study


def notes(study: Study) -> list[str]:
    return prompt_notes(plan_study(study))


def test_a_side_that_is_measured_with_another_prompt_is_named_once(study: Any) -> None:
    assert notes(study(BOTH, {})) == [
        "arm 'own' reads src texts with the prompt 'query: ' in training, and with 'ask: ' on names, "
        "gettext. `prompt_src` of a target of texts sets its prompt.",
        "arm 'own' reads tgt texts with the prompt 'passage: ' in training, and with 'ask: ' on names, "
        "gettext. `prompt_tgt` of a target of texts sets its prompt.",
    ]
    (note,) = notes(study(BOTH, {"prompt_src": "query: ", "prompt_tgt": "query: "}))
    assert "with the prompt 'passage: ' in training, and with 'query: ' on" in note


def test_prompts_that_are_the_same_give_no_note(study: Any) -> None:
    assert notes(study(BOTH, BOTH)) == []
    assert notes(study({}, {})) == []
    assert notes(study({}, BOTH)) == [], "training says nothing of prompts"
    assert notes(study({"prompt_src": "ask: "}, {})) == [], "the encoder's own prompt"
    assert notes(study({"prompt_name_src": "ask"}, {"prompt_src": "ask: "})) == []


def test_the_plan_prints_the_notes(study: Any, tmp_path: Path, crosslift: Any) -> None:
    path = tmp_path / "study.json"
    path.write_text(study(BOTH, {}).model_dump_json(exclude_defaults=True))
    planned = crosslift("plan", path, "--store", tmp_path / "store")
    assert planned.code == 0, planned.err
    assert planned.out.count("note: arm 'own' reads") == 2
