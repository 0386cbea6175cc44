"""The prompts of arms and protocols in the report and the model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report_sample import write_sample

from crosslift.reports.html import write_report
from crosslift.reports.prompts import field_words, prompt_sentences
from crosslift.results.run_folder import RunFolder


def told(folder: Path, prompts: dict[str, str], **protocols: Any) -> tuple[str, ...]:
    """The sentences where arms have these prompts, those not named that of ""."""
    path = folder / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    for arm in run["arms"]:
        arm["prompt"] = prompts.get(arm["name"], prompts[""])
    for name in run["protocols"]:
        run["protocols"][name].pop("prompt", None)
    run["protocols"] |= protocols
    path.write_text(json.dumps(run), encoding="utf-8")
    return prompt_sentences(RunFolder.read(folder).run)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "run")


def test_one_prompt_of_all_arms_and_what_others_put(folder: Path) -> None:
    protocols = {
        "crosslift/xx->en": {"name": "crosslift", "prompt": "query: "},
        "mteb/xx->en": {"name": "mteb", "prompt": ""},
        "laser/both": {"name": "laser", "prompt": "query: "},
    }
    sentences = told(folder, {"": "query: "}, **protocols)
    assert sentences == (
        "Every arm reads its texts with prompt 'query: ', in training and in our own protocols.",
        "Protocols of other projects use their own prompts: mteb/xx->en no prompt.",
    )
    page = write_report(folder).read_text(encoding="utf-8")
    assert "Every arm reads its texts with prompt &#39;query: &#39;" in page
    assert "<dt>prompt</dt><dd>none</dd>" in page


def test_without_prompt_everywhere(folder: Path) -> None:
    sentences = told(folder, {"": ""}, **{"mteb/xx->en": {"name": "mteb", "prompt": ""}})
    assert sentences == (
        "Every arm reads its texts with no prompt, in training and in our own protocols.",
    )


def test_arms_that_differ_are_named(folder: Path) -> None:
    first, others = told(
        folder,
        {"": "", "text": "query: "},
        **{"mteb/xx->en": {"name": "mteb", "a": {"prompt": ""}, "b": {"prompt": "ask: "}}},
    )
    assert first.startswith("The arms differ in the prompt before their texts")
    assert "prompt 'query: ': text." in first
    assert "no prompt: raw, image" in first
    assert others == (
        "Protocols of other projects use their own prompts: mteb/xx->en no prompt and prompt 'ask: '."
    )


def test_a_run_that_did_not_record_them(folder: Path) -> None:
    assert prompt_sentences(RunFolder.read(folder).run) == ()
    write_report(folder)


def test_fields() -> None:
    assert field_words("prompt", "") == "none"
    assert field_words("prompt", "query: ") == "query: "
    assert field_words("hidden_state", 12) == "12"
    assert field_words("start", {"pooling": "mean", "prompt": ""}) == "pooling mean, no prompt"
