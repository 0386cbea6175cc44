"""What a report shows of XTREME and of two languages at once, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from report_sample import card_text, write_sample
from report_xtreme_sample import write_xtreme_files

from crosslift.errors import DataError, UnknownNameError
from crosslift.metrics.table import described
from crosslift.reports.effects import trade_offs
from crosslift.reports.examples import example_groups
from crosslift.reports.generalised import generalised_section
from crosslift.reports.heat import LEVELS, change_shade, heat_pairs, score_shade
from crosslift.reports.html import write_report
from crosslift.reports.score_tables import ScoreIndex, score_tables
from crosslift.reports.xtreme import XtremeCellView, XtremeSection, xtreme_section
from crosslift.results.language_pairs import GENERALISED_FILE
from crosslift.results.run_folder import RunFolder
from crosslift.results.xtreme_scores import XTREME_FILE

ATTACK = "<script>alert('x')</script>"


def _sample(folder: Path, published: bool = True, **settings: Any) -> Path:
    made = write_sample(folder, **settings)
    write_xtreme_files(made, settings.get("remark", ""), published)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = _sample(tmp_path_factory.mktemp("run") / "sample")
    write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(folder: Path) -> RunFolder:
    return RunFolder.read(folder)


@pytest.fixture(scope="module")
def section(run: RunFolder) -> XtremeSection:
    xtreme = xtreme_section(run)
    assert xtreme is not None
    return xtreme


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return _sample(tmp_path / "run", arms=2, languages=2, seeds=1)


def _part(page: str, anchor: str) -> str:
    match = re.search(rf'<section id="{anchor}">.*?</section>', page, flags=re.DOTALL)
    assert match is not None, anchor
    return match.group()


def _visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


def _remark_of_all(remark: str) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        for column in content["columns"]:
            column["remark"] = remark

    return change


def _line(section: XtremeSection, arm: str) -> dict[str, XtremeCellView | None]:
    (row,) = [row for block in section.blocks for row in block.rows if row.arm.name == arm]
    return {h.key: cell for h, cell in zip(section.heads, row.cells, strict=True)}


# The wide table


def test_tasks_are_under_their_groups_with_the_averages(section: XtremeSection) -> None:
    assert [head.key for head in section.heads] == [
        *("xnli", "pawsx", "classification", "panx", "xquad", "tatoeba", "all")
    ]
    assert [(group.title, group.span) for group in section.head_groups] == [
        *(("Classification", 3), ("Tagging", 1), ("Question answering", 1)),
        *(("Retrieval", 1), ("All", 1)),
    ]
    by_key = {head.key: head for head in section.heads}
    assert by_key["classification"].notes == ("of 2 tasks",)
    assert by_key["all"].notes == ("of 5 of 9 tasks",)
    assert by_key["xnli"].notes == ("test set", "2 gaps", "first 300 examples of each language")
    assert by_key["tatoeba"].notes == ()
    assert section.missing == ("UD-POS", "MLQA", "TyDiQA-GoldP", "BUCC")


def test_a_long_remark_is_below_the_table(small: Path) -> None:
    remark = "fine-tuned on another set than its own, and scored on a part of it"
    _change(small / "xtreme.json", _remark_of_all(remark))
    xtreme = xtreme_section(RunFolder.read(small))
    assert xtreme is not None
    assert xtreme.heads[0].notes[-1] == "with a remark, see below"
    write_report(small)
    part = _part((small / "report.html").read_text(encoding="utf-8"), "xtreme")
    assert remark in _visible(part)


def test_cells_are_the_scores_with_their_differences(section: XtremeSection) -> None:
    text = _line(section, "text")
    assert text["xnli"] == XtremeCellView(
        "53.4", "52.4–54.4, 2 seeds", "+2.1", "[+1.3, +2.9]", "higher"
    )
    image, shuffled = _line(section, "image"), _line(section, "image-shuffled")
    assert image["xnli"] is not None and image["xnli"].outcome == "none"
    assert shuffled["xnli"] is not None and shuffled["xnli"].outcome == "lower"
    average = text["classification"]
    assert average is not None and (average.effect, average.outcome) == ("+2.1", "")
    raw = _line(section, "raw")["xnli"]
    assert raw == XtremeCellView("51.3", "", "", "", "")
    assert _line(section, "packaged")["panx"] is None


def test_questions_have_f1_and_exact_match(section: XtremeSection) -> None:
    (head,) = [head for head in section.heads if head.key == "xquad"]
    assert head.metric == "F1 of answers / exact match"
    cell = _line(section, "text")["xquad"]
    assert cell is not None and cell.score == "39.8 / 27.8"


def test_the_baseline_comes_first_and_other_starts_have_a_block(section: XtremeSection) -> None:
    first, other = section.blocks
    assert [row.arm.name for row in first.rows] == ["raw", "text", "image", "image-shuffled"]
    assert (first.title, other.title) == ("", "Start embedded, for orientation")
    assert [row.arm.name for row in other.rows] == ["packaged"]


def test_each_start_has_its_own_baseline_first(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", starts=2, languages=2, seeds=1)
    xtreme = xtreme_section(RunFolder.read(made))
    assert xtreme is not None
    blocks = [(block.title, block.rows[0].arm.name) for block in xtreme.blocks]
    assert blocks[:2] == [("Start embedded-mlm", "raw"), ("Start embedded", "e5")]
    assert xtreme.encoders == ("embedded-mlm", "embedded")
    write_report(made)
    section_text = _visible(_part((made / "report.html").read_text(encoding="utf-8"), "xtreme"))
    assert "the difference to the baseline of the arm’s start" in section_text


def test_a_best_arm_is_set_off_only_where_it_is_higher(folder: Path, page: str) -> None:
    xtreme = xtreme_section(RunFolder.read(folder))
    assert xtreme is not None
    best = dict(zip([head.key for head in xtreme.heads], xtreme.best, strict=True))
    assert all(cell is not None and cell.arm is not None for cell in best.values())
    won = [key for key, cell in best.items() if cell and cell.wins]
    assert won == ["xnli", "pawsx", "panx", "xquad", "tatoeba"]
    assert best["xquad"] is not None and best["xquad"].score == "39.8 / 27.8"
    assert _part(page, "xtreme").count(" wins") == len(won)


def test_inside_the_noise_there_is_no_winner(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", arms=2, languages=2, seeds=1)

    def even(content: Any) -> None:
        for entry in content["best"]:
            entry["verdict"] = None if entry["verdict"] is None else "inconclusive"

    _change(made / XTREME_FILE, even)
    write_report(made)
    part = _part((made / "report.html").read_text(encoding="utf-8"), "xtreme")
    assert " wins" not in part
    assert "Best intermediate task per target" in part


def test_the_marks_are_signs_with_their_words(page: str, section: XtremeSection) -> None:
    part = _part(page, "xtreme")
    cells = [c for block in section.blocks for row in block.rows for c in row.cells if c]
    cells += [cell for cell in section.best if cell]
    for outcome, word in (
        ("higher", "higher"),
        ("lower", "lower"),
        ("none", "inconclusive"),
    ):
        number = sum(cell.outcome == outcome for cell in cells)
        assert number > 0 or outcome == "none"
        assert part.count(f'class="sign {outcome}" role="img" aria-label="{word}"') == number


def test_published_rows_are_separate_with_their_source(page: str, section: XtremeSection) -> None:
    (row,) = section.published
    assert row.cells == (
        "79.2",
        "–",
        "–",
        "65.4",
        "76.6 / 60.8",
        "mean reciprocal rank 57.3",
        "–",  # the mean of nine tasks, where the column is that of five
    )
    part = _part(page, "xtreme")
    apart = part[part.index('<tbody class="published">') :]
    assert "Hu et al. 2020 (arXiv 2003.11080), table 2" in apart
    assert "A made-up remark." in apart
    assert "There is no published row" not in part


def test_without_a_fitting_published_row_the_page_says_so(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", published=False, arms=2, languages=2, seeds=1)
    write_report(made)
    part = _part((made / "report.html").read_text(encoding="utf-8"), "xtreme")
    assert 'class="published"' not in part
    sentence = "CrossLift has none for an encoder that this study starts from ( embedded-mlm )"
    assert sentence in _visible(part)


# The details behind it


def test_how_tasks_were_scored_and_trained_on(page: str, section: XtremeSection) -> None:
    first = section.measured[0]
    assert (first.title, first.metric, first.languages, first.n) == (
        "XNLI",
        "accuracy",
        "6",
        "1,800",
    )
    assert first.gaps == ("Thai: no file xnli-th", "Vietnamese: not measured")
    assert [row.title for row in section.phase_three] == ["XNLI", "PAWS-X", "WikiANN NER", "XQuAD"]
    assert section.phase_three[0].cells == ("49,401", "500", "32", "16,000", "2e-05", "12 min 34 s")
    visible = _visible(_part(page, "xtreme"))
    assert "the English dev set of XNLI" in visible
    assert "Not measured: UD-POS, MLQA, TyDiQA-GoldP, BUCC." in visible


def test_transfer_gaps_are_english_less_the_others(section: XtremeSection) -> None:
    table = section.gaps[0]
    assert table.title == "XNLI"
    raw, text = table.rows[0], table.rows[1]
    assert raw.arm.name == "raw" and raw.effect == ""
    english, others, gap = (cell.replace("+", "") for cell in raw.cells)
    assert float(english) - float(others) == pytest.approx(float(gap), abs=0.11)
    assert (text.effect, text.interval) == ("−1.3", "[−3.1, +0.4]")
    assert "Tatoeba" not in [table.title for table in section.gaps]


def test_every_language_is_behind_a_cell_english_first(page: str, section: XtremeSection) -> None:
    by_title = {table.title: table for table in section.languages}
    names = [row.name for row in by_title["XNLI"].rows]
    assert names[0] == "English" and names[1:] == sorted(names[1:])
    assert [arm.name for arm in by_title["WikiANN NER"].arms][-1] == "image-shuffled"
    cell = by_title["XNLI"].rows[0].cells[1]
    assert cell is not None and (cell.effect, cell.interval) == ("+2.1", "[−0.9, +5.1]")
    part = _part(page, "xtreme")
    assert part.count("<details") == len(section.languages) == 5


def test_a_language_that_one_arm_lacks_is_a_hole(small: Path) -> None:
    def drop(content: Any) -> None:
        key = ("xnli", "text", "sw")
        content["languages"] = [
            e for e in content["languages"] if (e["target"], e["arm"], e["language"]) != key
        ]

    _change(small / XTREME_FILE, drop)
    xtreme = xtreme_section(RunFolder.read(small))
    assert xtreme is not None
    (row,) = [row for row in xtreme.languages[0].rows if row.code == "sw"]
    assert row.cells[0] is not None and row.cells[1] is None


# Two languages at once


def test_a_matrix_of_the_baseline_and_differences_of_the_others(run: RunFolder) -> None:
    generalised = generalised_section(run)
    assert generalised is not None
    first = generalised.targets[0]
    assert [(m.arm.name, m.against) for m in first.matrices] == [
        *(("raw", ""), ("text", "raw"), ("image", "raw"), ("image-shuffled", "raw"))
    ]
    facts = {
        e["arm"]: e["matrix"]
        for e in json.loads((run.path / GENERALISED_FILE).read_bytes())
        if e["target"] == "xnli"
    }
    cell_text = first.matrices[1].rows[1].cells[3].text
    assert float(cell_text.replace("−", "-")) == pytest.approx(
        100 * (facts["text"][1][3] - facts["raw"][1][3]), abs=0.051
    )
    scales = {(m.low, m.high) for m in first.matrices[1:]}
    assert len(scales) == 1
    assert first.matrices[0].rows[2].language.name == "English"


def test_means_of_pairs_with_the_effect_on_mixed_ones(run: RunFolder, page: str) -> None:
    generalised = generalised_section(run)
    assert generalised is not None
    raw, text, *_ = generalised.targets[0].means
    assert (raw.effect, raw.interval) == ("", "")
    assert (text.effect, text.interval) == ("+2.1", "[+1.1, +3.1]")
    facts = json.loads((run.path / GENERALISED_FILE).read_bytes())[0]
    assert (raw.same, raw.mixed) == (f"{100 * facts['same']:.1f}", f"{100 * facts['mixed']:.1f}")
    part = _part(page, "generalised")
    assert part.count(" same") >= 4 * (6 + 3)
    assert '<abbr title="Swahili">sw</abbr>' in part


def test_an_arm_without_its_baseline_shows_its_scores(small: Path) -> None:
    _change(small / GENERALISED_FILE, lambda rows: [e for e in rows if e["arm"] != "raw"])
    generalised = generalised_section(RunFolder.read(small))
    assert generalised is not None
    assert [(m.arm.name, m.signed) for m in generalised.targets[0].matrices] == [("text", False)]


def test_shades_run_from_none_to_the_end_of_the_scale() -> None:
    assert [score_shade(share) for share in (-0.1, 0.0, 0.5, 1.0, 2.0)] == [
        *("s0", "s0", f"s{round(LEVELS / 2)}", f"s{LEVELS}", f"s{LEVELS}")
    ]
    assert change_shade(1.5, True) == f"p{LEVELS}"
    assert change_shade(0.0, False) == "n0"


# The page


class _Tables(HTMLParser):
    """Of each table: whether it has a caption, and its header cells without a scope."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.captions = 0
        self.tables = 0
        self.bare = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.bare += tag == "th" and "scope" not in dict(attrs)


@pytest.mark.parametrize("anchor", ["xtreme", "generalised"])
def test_tables_have_captions_and_scopes_and_scroll(page: str, anchor: str) -> None:
    part = _part(page, anchor)
    tables = _Tables(part)
    assert tables.tables == tables.captions > 0
    assert tables.bare == 0
    assert len(re.findall(r'<div class="scroll" tabindex="0" role="region"', part)) == tables.tables


def test_the_wide_table_is_a_whole_grid(page: str, section: XtremeSection) -> None:
    part = _part(page, "xtreme")
    table = part[part.index('<table class="xtreme">') : part.index("</table>")]
    rows = re.findall(r"<tr>(.*?)</tr>", table[table.index("<tbody") :], flags=re.DOTALL)
    assert len(rows) == 5 + 1 + 1
    assert {row.count("<td") for row in rows} == {len(section.heads)}
    assert page.count("<script") == 1  # ours


def test_hostile_texts_are_escaped(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", remark=ATTACK, arms=2, languages=2, seeds=1)
    write_report(made)
    page = (made / "report.html").read_text(encoding="utf-8")
    assert ATTACK not in page
    part = _part(page, "xtreme")
    escaped = "&lt;script&gt;"
    for remark in ("first 300 examples of each language", "no file xnli-th", "A made-up remark."):
        assert re.search(f"{re.escape(remark)}{escaped}", part), remark
    assert escaped in _part(page, "generalised")


def test_the_sections_follow_the_scores_and_are_optional(page: str, small: Path) -> None:
    places = [page.index(f'id="{anchor}"') for anchor in ("scores", "xtreme", "generalised")]
    assert places == sorted(places) and places[-1] < page.index('id="languages"')
    (small / XTREME_FILE).unlink()
    (small / GENERALISED_FILE).write_text("[]", encoding="utf-8")
    write_report(small)
    without = (small / "report.html").read_text(encoding="utf-8")
    assert 'id="xtreme"' not in without and 'id="generalised"' not in without


def test_the_same_folder_gives_the_same_bytes(folder: Path, page: str) -> None:
    write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == page


# What the files must not hold


def _first(part: str, **fields: Any) -> Callable[[Any], None]:
    return lambda content: content[part][0].update(fields)


def _twice(part: str) -> Callable[[Any], None]:
    return lambda content: content[part].append(content[part][0])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_first("rows", arm="txet"), UnknownNameError, "txet"),
        (_first("best", arm="txet"), UnknownNameError, "txet"),
        (_first("best", column="xnil"), UnknownNameError, "xnil"),
        (_first("columns", target="xnil"), UnknownNameError, "xnil"),
        (_first("columns", group="tags"), UnknownNameError, "tags"),
        (_first("languages", target="names"), UnknownNameError, "names"),
        (_first("transfer_gaps", arm="txet"), UnknownNameError, "txet"),
        (_first("groups", targets=["udpos"]), UnknownNameError, "udpos"),
        (_twice("rows"), DataError, "'raw' appears twice"),
        (_twice("columns"), DataError, "'xnli' appears twice"),
        (_twice("languages"), DataError, "'xnli raw ar' appears twice"),
        (_first("best", verdict="better"), DataError, "is malformed"),
        (_first("languages", score=53.4), DataError, r"a score in \[0, 1\]"),
        (_first("columns", split="training"), DataError, "is malformed"),
        (lambda content: content.update(columns=[]), DataError, "is malformed"),
        (lambda content: {k: content[k] for k in content if k != "best"}, DataError, "best\n"),
    ],
)
def test_what_xtreme_must_not_hold(
    small: Path, change: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    _change(small / XTREME_FILE, change)
    with pytest.raises(error, match=message):
        xtreme_section(RunFolder.read(small))


def _short(rows: Any) -> None:
    rows[0]["matrix"][1].pop()


def _other_languages(rows: Any) -> None:
    rows[1]["languages"] = list(reversed(rows[1]["languages"]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_short, DataError, r"a matrix of 6 rows of \[5, 6\] numbers"),
        (_other_languages, DataError, "text on xnli: languages zh"),
        (lambda rows: rows.append(rows[0]), DataError, "raw on xnli appears twice"),
        (lambda rows: rows[0].update(arm="txet"), UnknownNameError, "txet"),
        (lambda rows: rows[0].update(target="xnil"), UnknownNameError, "xnil"),
        (lambda rows: rows[0].update(mixed=51.0), DataError, r"a score in \[0, 1\]"),
    ],
)
def test_what_generalised_must_not_hold(
    small: Path, change: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    _change(small / GENERALISED_FILE, change)
    with pytest.raises(error, match=message):
        generalised_section(RunFolder.read(small))


def test_rounding_at_the_ends_is_taken_off(small: Path) -> None:
    _change(small / XTREME_FILE, _first("languages", score=-1e-17))
    xtreme = xtreme_section(RunFolder.read(small))
    assert xtreme is not None
    (row,) = [row for row in xtreme.languages[0].rows if row.code == "ar"]
    assert row.cells[0] is not None and row.cells[0].score == "0.0"


# Labelled targets in the rest of the report


def test_labelled_targets_have_examples_and_no_queries(run: RunFolder, page: str) -> None:
    tables = {table.target.name: table for table in score_tables(run, ScoreIndex(run))}
    assert tables["xnli"].summary == "6 languages, 1,800 examples, 1 gap"


def test_tags_have_no_clean_scores_and_unlabelled_examples_none(run: RunFolder, page: str) -> None:
    tables = {table.target.name: table for table in score_tables(run, ScoreIndex(run))}
    assert [tables[name].has_clean for name in ("xnli", "panx", "mlqa", "tatoeba")] == [
        *(True, False, False, True)
    ]
    part = _visible(_part(page, "scores"))
    assert "the words of all examples of a language are counted together" in part
    assert "MLQA # 3 languages No scores: the examples were answered" in part
    assert part.count("of mining") == 0


def test_languages_of_labelled_targets_are_in_the_heat_maps(run: RunFolder) -> None:
    pairs = {pair.target.name: pair for pair in heat_pairs(run, ScoreIndex(run))}
    differences = pairs["xnli"].differences
    assert differences is not None
    assert [arm.name for arm in differences.arms] == ["text", "image", "image-shuffled"]
    assert differences.mean.cells[0].text == "+2.1"


def test_labelled_targets_are_no_trade_off_of_words_and_sentences(run: RunFolder) -> None:
    target_names = {target.name for pair in trade_offs(run) for target in pair}
    assert target_names == {"names", "tatoeba", "pictures"}


def test_labels_are_english_and_answers_are_in_the_language(run: RunFolder, page: str) -> None:
    groups = {group.target.name: group.examples[0] for group in example_groups(run)}
    label, span = groups["xnli"], groups["xquad"]
    assert (label.query.lang, label.query.direction) == ("ur", "rtl")
    assert (label.gold.lang, label.answers[0].content.direction) == ("en", "ltr")
    assert (span.gold.lang, span.answers[0].content.direction) == ("ar", "rtl")
    assert "of labelled targets, examples with what each arm answered" in _part(page, "examples")


def test_a_model_card_says_what_was_fine_tuned_once_more(run: RunFolder) -> None:
    card = card_text(run, "text")
    sentence = "The scores on XNLI, PAWS-X, WikiANN NER and XQuAD are those of encoders that were"
    assert sentence in card
    assert "| XNLI | accuracy (%) | `crosslift/zero-shot` | 6 | 53.4 | 53.4 | 51.3 | +2.1" in card


@pytest.mark.parametrize(
    ("metric", "title"),
    [
        ("accuracy", "accuracy"),
        ("tag_f1", "F1 of tags"),
        ("entity_f1", "F1 of entities"),
        ("tagging_accuracy", "tagging accuracy"),
        ("answer_f1", "F1 of answers"),
        ("exact_match", "exact match"),
        ("dev_entity_f1", "dev F1 of entities"),
    ],
)
def test_metrics_of_labelled_targets_have_titles(metric: str, title: str) -> None:
    assert described(metric).heading == title
