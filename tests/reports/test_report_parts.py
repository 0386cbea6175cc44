"""Parts of the report: anchors, files, command and citation, axes, columns and rows that are folded."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from report_sample import write_sample

from crosslift.reports.anchors import with_anchors
from crosslift.reports.answers import baseline_answers, question_answers
from crosslift.reports.axes import limits_of, with_room
from crosslift.reports.examples import example_groups
from crosslift.reports.forest import draw_forest
from crosslift.reports.heat import ONE_LANGUAGE, heat_pairs
from crosslift.reports.html import write_report
from crosslift.reports.reading import AUTHORS, TITLE, reading_section
from crosslift.reports.score_tables import ScoreIndex, score_cell, score_tables
from crosslift.results.run_folder import RunFolder
from crosslift.results.sensitivity import ProtocolVerdict, Sensitivity

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder.read(write_sample(tmp_path_factory.mktemp("parts") / "run"))


# Anchors


def test_headings_have_their_own_ids_and_links() -> None:
    page = (
        '<section class="lead" id="a"><h2>One &amp; <code>two</code></h2><h3>Same</h3><h3>Same</h3>'
        '<h4>Not this</h4></section><section id="b"><h3>Same</h3></section><p id="b-same-2"></p>'
        '<section id="c"><h3>日本語</h3></section>'
    )
    linked = with_anchors(page)
    ids = re.findall(r'<h[23] id="([^"]+)">', linked)
    assert ids == ["a-one-two", "a-same", "a-same-2", "b-same", "c-part"]
    assert re.findall(r'href="#([^"]+)"', linked) == ids
    assert 'aria-label="Link to: One &amp; two"' in linked
    assert "<h4>Not this</h4>" in linked


# Files, command, citation


def test_the_citation_is_that_of_the_software() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [author["name"] for author in cited["authors"]] == [AUTHORS]
    assert cited["title"] == TITLE


def test_the_citation_is_bibtex(folder: RunFolder) -> None:
    run = folder.run.model_copy(update={"study": "A_b {c", "question": r"50% & \more?"})
    citation = reading_section(replace(folder, run=run)).citation
    entries = re.findall(r"^@(misc|software)\{([a-z0-9-]+),$", citation, flags=re.MULTILINE)
    assert [kind for kind, _ in entries] == ["misc", "software"]
    assert entries[0][1] == f"crosslift-a-b-c-{run.created[:10]}"
    assert r"{{Study A\_b \{c: 50\% \& \textbackslash{}more?}}" in citation
    plain = re.sub(r"\\[{}]", "", citation)
    assert plain.count("{") == plain.count("}")
    assert citation.count("\n}") == 2


def test_files_and_command_follow_what_the_folder_has(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=2, languages=2, seeds=1)
    section = reading_section(RunFolder.read(made))
    names = {file.name for file in section.files}
    assert {"results.csv", "outcomes.parquet", "run.json"} <= names
    assert "study.json" not in names and section.command == ""
    (made / "study.json").write_text("{}", encoding="utf-8")
    section = reading_section(RunFolder.read(made))
    assert "study.json" in {file.name for file in section.files}
    assert section.command == "crosslift run study.json --out again"
    assert "study.json 44136fa355b3678a" in section.citation  # its SHA-256
    page = write_report(made).read_text(encoding="utf-8")
    for file in section.files:
        assert f'<a href="{file.name}">' in page and (made / file.name).is_file()


# Axes


def test_an_axis_of_equal_values_is_a_point_wide() -> None:
    low, high = with_room([0.0, 0.0])
    assert low < -0.5 and high > 0.5
    low, high = with_room([40.0, 40.2])
    assert low < 39.6 and high > 40.6 and high - low < 2
    assert limits_of([None]) == with_room([0.0])
    assert with_room([-10.0, 40.0]) == (-13.0, 43.0)


def test_effects_that_are_all_zero_are_drawn_on_a_whole_axis(folder: RunFolder) -> None:
    zero = {"effect": 0.0, "low": 0.0, "high": 0.0, "low_corrected": 0.0, "high_corrected": 0.0}
    verdicts = tuple(verdict.model_copy(update=zero) for verdict in folder.verdicts)
    for plot in draw_forest(replace(folder, verdicts=verdicts)).plots:
        ticks = set(re.findall(r">([+−]?\d[\d.]*)</text>", plot.svg))
        assert {"0", "+0.4"} <= ticks  # of a point, not of hundredths


# Columns and rows


def test_a_range_over_seeds_is_shown_where_seeds_differ() -> None:
    assert score_cell([0.5, 0.5, 0.5001], 3, "top1_accuracy").spread == ""
    assert score_cell([0.5, 0.52], 2, "top1_accuracy").spread == "50.0–52.0"


def test_clean_columns_are_shown_where_they_differ(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=3, languages=3)
    rows = pq.read_table(made / "results.parquet").to_pylist()
    whole = {_key(row): row["value"] for row in rows if row["subset"] == "all"}
    for row in rows:
        if row["target"] == "names" and row["subset"] == "clean":
            row["value"] = whole[_key(row)]
    pq.write_table(pa.Table.from_pylist(rows), made / "results.parquet")
    run = RunFolder.read(made)
    tables = {table.target.name: table for table in score_tables(run, ScoreIndex(run))}
    assert tables["names"].has_clean and tables["names"].same_clean
    assert not any(column.clean for column in tables["names"].columns)
    assert all(column.clean for column in tables["tatoeba"].columns)
    page = write_report(made).read_text(encoding="utf-8")
    scores = page.split('<section id="scores">')[1].split("</section>")[0]
    names, tatoeba = (scores.split(f'aria-label="Scores: {t}"')[1].split("</table>")[0]
                      for t in ("Names of concepts", "Tatoeba sentences"))  # fmt: skip
    assert ">clean</th>" in tatoeba and ">clean</th>" not in names
    assert "The scores of the clean items are the same." in scores


def _key(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("arm", "seed", "target", "language", "protocol", "metric"))


def test_families_of_one_language_are_one_group(folder: RunFolder) -> None:
    table = heat_pairs(folder, ScoreIndex(folder))[0].scores
    groups = {group.family: group.rows for group in table.groups}
    assert len(groups[ONE_LANGUAGE]) > 1
    assert all(row.family for row in groups[ONE_LANGUAGE])
    others = {family: rows for family, rows in groups.items() if family != ONE_LANGUAGE}
    assert others and all(len(rows) > 1 for rows in others.values())
    shown = [row.code for rows in groups.values() for row in rows]
    assert len(shown) == len(set(shown))
    target = folder.run.targets[0]
    assert set(shown) == set(target.languages) | {gap.language for gap in target.gaps}


# Answers


def test_verdicts_of_one_outcome_are_one_line(folder: RunFolder) -> None:
    for answer in (*question_answers(folder), *baseline_answers(folder)):
        outcomes = [line.outcome for line in answer.lines]
        assert len(outcomes) == len(set(outcomes))
    questions = {v.question for v in folder.verdicts if v.family == "declared"}
    assert {answer.question for answer in question_answers(folder)} == questions


def test_effects_of_declared_verdicts_are_in_their_lines(folder: RunFolder) -> None:
    (pair,) = [a for a in question_answers(folder) if "more than text" in a.question]
    words = " ".join(line.words for line in pair.lines)
    for verdict in folder.verdicts:
        if verdict.question == pair.question:
            assert f"{folder.target(verdict.target).short_title} (" in words
            assert f"{abs(verdict.effect) * 100:.1f} [" in words


def test_long_titles_are_names_in_sentences(folder: RunFolder) -> None:
    target = folder.target("tatoeba")
    long = target.model_copy(update={"title": "Tatoeba sentences (first 50 pairs)"})
    assert (target.short_title, long.short_title) == ("Tatoeba sentences", "tatoeba")
    targets = tuple(long if t.name == "tatoeba" else t for t in folder.run.targets)
    run = replace(folder, run=folder.run.model_copy(update={"targets": targets}))
    lines = [line.words for answer in question_answers(run) for line in answer.lines]
    assert any(" tatoeba (" in words for words in lines)
    assert not any("first 50 pairs" in words for words in lines)


# Examples


def test_only_queries_on_which_arms_disagree_are_examples(folder: RunFolder) -> None:
    first, *others = folder.examples
    agreed = first.model_copy(
        update={"answers": tuple(a.model_copy(update={"correct": True}) for a in first.answers)}
    )
    assert first.is_disputed and not agreed.is_disputed
    shown = sum(len(g.examples) for g in example_groups(folder))
    fewer = replace(folder, examples=(agreed, *others))
    assert sum(len(group.examples) for group in example_groups(fewer)) == shown - 1


def test_gained_and_lost_queries_are_shown_beside_the_examples(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=3, languages=3)
    run = RunFolder.read(made)
    assert all(group.changes == () for group in example_groups(run))  # an earlier version
    target = run.target(run.examples[0].target)
    protocol = run.examples[0].protocol
    under = ProtocolVerdict(
        protocol=protocol, metric="top1_accuracy", effect=0.1, low=0.0, high=0.2,
        verdict="higher", gained=1234.5, lost=6.0,
    )  # fmt: skip
    entry = Sensitivity(
        arm="text", against="raw", target=target.name, metric=target.metric, n_languages=3,
        languages_up=2, level=0.95, general_low=None, general_high=None, n_families=1,
        families_low=None, families_high=None, win_probability=0.6, gained=None, lost=None,
        p_sign_flips=0.01, protocols=(under,),
    )  # fmt: skip
    content = json.dumps([entry.to_json()])
    (made / "sensitivity.json").write_text(content, encoding="utf-8")
    group = example_groups(RunFolder.read(made))[0]
    assert [(each.arm.name, each.gained, each.lost) for each in group.changes] == [
        ("text", "1,234.5", "6.0")
    ]
    page = write_report(made).read_text(encoding="utf-8")
    assert f"Gained and lost: {target.title}" in page
