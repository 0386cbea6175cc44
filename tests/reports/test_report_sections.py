"""The sections of a report: one tuple that the navigation, the page and the files of plots follow."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from report_mining_sample import write_mining_files
from report_sample import write_sample

from crosslift.reports import html
from crosslift.reports.effects import trade_off, trade_offs
from crosslift.reports.html import write_report
from crosslift.reports.pages import Section, shown_sections
from crosslift.reports.sections import SECTIONS
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.targets.all_targets import TARGETS

TEMPLATES = Path(html.__file__).parent / "templates"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write_sample(tmp_path / "run", arms=2, languages=2, seeds=1)
    write_mining_files(made)
    return made


def _anchors(page: str) -> list[str]:
    return re.findall(r'<section (?:class="lead" )?id="([a-z]+)">', page)


def _navigation(page: str) -> list[str]:
    menu = page.split('<nav class="menu"')[1].split("</nav>")[0]
    return re.findall(r'<a href="#([a-z]+)">', menu)


def _every_section() -> list[Section[Any]]:
    return [each for section in SECTIONS for each in (section, *section.parts)]


def test_each_section_has_one_template_and_each_template_one_section() -> None:
    anchors = [section.anchor for section in _every_section()]
    assert len(set(anchors)) == len(anchors)
    templates = {f"sections/{path.name}" for path in (TEMPLATES / "sections").iterdir()}
    assert templates == {section.template for section in _every_section()}


def test_navigation_and_page_have_the_order_of_the_tuple(folder: Path) -> None:
    page = write_report(folder).read_text(encoding="utf-8")
    anchors = _anchors(page)
    assert anchors == _navigation(page)
    order = [section.anchor for section in _every_section()]
    assert anchors == [anchor for anchor in order if anchor in anchors]
    assert {"answer", "mining", "reading"} <= set(anchors)
    assert not {"omitted", "xtreme", "sweep"} & set(anchors)


def test_page_navigation_and_plots_follow_the_tuple(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_anchor = {section.anchor: section for section in SECTIONS}
    few = (by_anchor["reading"], by_anchor["xtreme"], by_anchor["mining"])
    monkeypatch.setattr(html, "SECTIONS", few)
    page = write_report(folder).read_text(encoding="utf-8")
    assert _anchors(page) == _navigation(page) == ["reading", "mining"]
    mined = {
        plot.name
        for section in shown_sections(few, RunFolder.read(folder))
        for plot in section.plots
    }
    assert mined
    assert {path.stem for path in (folder / "plots").iterdir()} == mined


def test_a_section_without_a_view_is_left_out_with_its_plots_and_parts(folder: Path) -> None:
    part = Section("omitted", "Left out", lambda run: run.run.failed or None)
    nothing: Section[str] = Section("controls", "Controls", lambda _: None, parts=(part,))
    run = RunFolder.read(folder)
    assert nothing.show(run) is None
    something = Section("reading", "Reading", lambda run: run.run, parts=(part, nothing))
    (only,) = shown_sections((nothing, something), run)
    assert (only.section, only.view, only.plots, only.parts) == (something, run.run, (), ())


# What a target shows of a trade-off


def _renamed(folder: Path, change: dict[str, Any]) -> list[tuple[str, str]]:
    path = folder / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    for target in run["targets"]:
        target.update(change.get(target["name"], {}))
    path.write_text(json.dumps(run), encoding="utf-8")
    return [(gain.name, loss.name) for gain, loss in trade_offs(RunFolder.read(folder))]


def test_a_target_says_itself_whether_its_texts_are_words(folder: Path) -> None:
    texts_by_target = {"names": {"texts": "sentences"}, "tatoeba": {"texts": "words"}}
    pairs = _renamed(folder, texts_by_target)
    assert ("tatoeba", "names") in pairs and ("pictures", "names") in pairs
    assert not any(loss in ("tatoeba", "pictures") for _, loss in pairs)


def test_a_name_decides_nothing(folder: Path) -> None:
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))["targets"][0]
    del facts["texts"]
    assert trade_off(TargetFacts.model_validate(facts | {"name": "filenames"})) == "loss"
    assert trade_off(TargetFacts.model_validate(facts | {"name": "x", "texts": "words"})) == "gain"
    pictures = TargetFacts.model_validate(facts | {"name": "x", "kind": "pictures"})
    assert trade_off(pictures) == "gain"
    labelled = facts | {"texts": "words", "kind": "labelled"}
    assert trade_off(TargetFacts.model_validate(labelled)) is None


def test_a_folder_of_an_earlier_version_says_nothing_of_its_texts(folder: Path) -> None:
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))["targets"][0]
    del facts["texts"]
    texts_by_target = {
        name: TargetFacts.model_validate(facts | {"name": name}).texts
        for name in ("names", "word-pairs", "word-pairs-trained", "tatoeba")
    }
    assert texts_by_target == dict.fromkeys(
        ("names", "word-pairs", "word-pairs-trained"), "words"
    ) | {"tatoeba": "sentences"}


def test_which_targets_are_of_words() -> None:
    words = {"measures", "names", "word-pairs", "word-pairs-trained"}
    pictures = {"pictures", "flags", "picture-classes", "babel-imagenet"}
    assert {t.name for t in TARGETS.values() if t.texts == "words"} == words | pictures
