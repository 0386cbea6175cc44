"""What a report shows of mined pairs and of other projects' definitions, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from report_mining_sample import GOLD, LANGUAGES, OWN, write_mining_files
from report_sample import card_text, write_sample
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, UnknownNameError
from crosslift.reports.html import write_report
from crosslift.reports.mining import mining_section
from crosslift.reports.score_tables import ScoreIndex, score_tables
from crosslift.reports.short_answer import plain_answer
from crosslift.results.mined_languages import MINING_FILE
from crosslift.results.run_folder import RunFolder
from crosslift.sources.bucc_files import BuccSplit
from crosslift.targets.evaluate_mining import evaluate_mining
from crosslift.targets.kinds.mined_texts import MiningData
from crosslift.targets.protocols import MINING as OUR_MINING
from crosslift.targets.query_outcomes import SideLookups

ATTACK = "<script>alert('x')</script>"


def _sample(folder: Path, **settings: Any) -> Path:
    made = write_sample(folder, **settings)
    write_mining_files(made, settings.get("remark", ""))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = _sample(tmp_path_factory.mktemp("run") / "sample")
    write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return _sample(tmp_path / "run", arms=2, languages=2, seeds=1)


def _section(page: str, anchor: str) -> str:
    match = re.search(rf'<section id="{anchor}">.*?</section>', page, flags=re.DOTALL)
    assert match is not None
    return match.group()


def _visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _table(page: str, label: str) -> list[list[str]]:
    """The cells of every row of a table, by the label of its region."""
    match = re.search(rf'aria-label="{label}">.*?</table>', page, flags=re.DOTALL)
    assert match is not None
    rows = re.findall(r"<tr[ >].*?</tr>", match.group(), flags=re.DOTALL)
    return [[_visible(c) for c in re.findall(r"<t[hd].*?</t[hd]>", r, re.DOTALL)] for r in rows]


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


def _mined(folder: Path, arm: str, language: str) -> list[dict[str, Any]]:
    rows = json.loads((folder / MINING_FILE).read_text(encoding="utf-8"))
    key = (arm, language, OWN)
    return [row for row in rows if (row["arm"], row["language"], row["protocol"]) == key]


def test_the_section_is_in_the_navigation(page: str) -> None:
    assert page.count('<li><a href="#mining">Mining</a></li>') == 2
    order = [page.index(f'<section id="{name}">') for name in ("languages", "mining", "forgetting")]
    assert order == sorted(order)


def test_a_run_without_mined_pairs_has_no_section(tmp_path: Path) -> None:
    bare = write_sample(tmp_path / "bare", arms=2, languages=2, seeds=1)
    assert mining_section(RunFolder.read(bare)) is None
    without = write_report(bare).read_text(encoding="utf-8")
    (bare / MINING_FILE).write_text("[]", encoding="utf-8")
    assert mining_section(RunFolder.read(bare)) is None
    assert write_report(bare).read_text(encoding="utf-8") == without
    assert 'id="mining"' not in without


def test_the_table_holds_means_over_seeds_of_our_protocol(folder: Path, page: str) -> None:
    rows = _table(page, "Mining: BUCC mining")
    assert rows[0][1:] == [
        *("Precision", "Recall", "F1", "Threshold", "Fitted on", "Oracle F1 (no result)")
    ]
    arms = [arm.name for arm in RunFolder.read(folder).run.arms]
    assert len(rows) == 1 + len(LANGUAGES) * (1 + len(arms))
    german = rows[2 : 2 + len(arms)]
    assert rows[1] == [f"German scored on dev and test, {GOLD} gold pairs"]
    text = german[arms.index("text")]
    known = _mined(folder, "text", "de")
    assert len(known) == 2
    for cell, (part, name) in zip(
        (text[1], text[2], text[3], text[6]),
        (
            ("score", "precision"),
            ("score", "recall"),
            ("score", "mining_f1"),
            ("oracle", "mining_f1"),
        ),
        strict=True,
    ):
        values = [100 * row[part][name] for row in known]
        spread = f"{min(values):.1f}–{max(values):.1f}"
        assert cell == f"{sum(values) / 2:.1f} {spread}"
    cuts = sorted({row["thresholds"][0] for row in known})
    assert text[4] == "–".join(f"{cut:.4f}" for cut in cuts)
    assert text[5] == "dev"


def test_two_halves_show_both_thresholds(folder: Path, page: str) -> None:
    (known,) = _mined(folder, "raw", "de")
    row = _table(page, "Mining: BUCC mining")[2]
    assert row[4] == " and ".join(f"{cut:.4f}" for cut in known["thresholds"])
    assert row[5] == "the other half of dev, by src text"


def test_an_arm_that_mined_nothing_and_a_gap_are_shown(page: str) -> None:
    rows = [row for row in _table(page, "Mining: BUCC mining") if row[0].startswith("image-locked")]
    assert [row[1:] for row in rows] == [["no pairs were mined"]] * len(LANGUAGES)
    assert "Russian: gap: no files in bucc" in _visible(_section(page, "mining"))


def test_the_oracle_is_separate_and_no_result(page: str) -> None:
    section = _section(page, "mining")
    assert section.count('<td class="num apart">') == 5 * len(LANGUAGES)
    assert "fitted on the very pairs that it is scored on, so its F1 is no result" in _visible(
        section
    )
    assert "oracle" not in _section(page, "scores").lower()


def test_curves_mark_the_threshold_that_was_applied(folder: Path, page: str) -> None:
    section = mining_section(RunFolder.read(folder))
    assert section is not None
    assert [plot.name for plot in section.plots] == [f"mining-bucc-{code}" for code in LANGUAGES]
    plot = section.plots[0]
    for arm in ("raw", "text", "image", "image-shuffled", "packaged"):
        score = _mined(folder, arm, "de")[0]["score"]
        sentence = (
            f"{arm} precision {score['precision'] * 100:.1f} at recall {score['recall'] * 100:.1f}"
        )
        assert sentence in plot.alternative
    assert "image-locked" not in plot.alternative
    assert (folder / "plots" / "mining-bucc-de.png").is_file()
    inline = "".join(re.findall(r'<svg class="plot".*?</svg>', _section(page, "mining"), re.DOTALL))
    assert "var(--arm-0)" in inline
    assert not re.search(r"(?:fill|stroke): #[0-9a-f]{6}", inline)


def test_the_mark_lies_where_the_score_is(small: Path) -> None:
    before = mining_section(RunFolder.read(small))

    def better(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if (row["arm"], row["protocol"]) == ("text", OWN))
        row["score"] |= {"precision": 0.99, "recall": 0.99}

    _change(small / MINING_FILE, better)
    after = mining_section(RunFolder.read(small))
    assert before is not None and after is not None
    places = [_marks(section.plots[0].svg) for section in (before, after)]
    moved = [(one, other) for one, other in zip(*places, strict=True) if one != other]
    ((one, other),) = moved
    assert other[0] > one[0]  # to the right
    assert other[1] < one[1]  # and up


def _marks(svg: str) -> list[tuple[float, float]]:
    matches = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in matches]


def test_thresholds_that_take_nothing_are_reported(small: Path) -> None:
    def empty(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["language"] == "de":
                row["thresholds"] = [None, 1.1] if row["arm"] == "raw" else [None]
                row["curve"] = []

    _change(small / MINING_FILE, empty)
    rows = _table(write_report(small).read_text(encoding="utf-8"), "Mining: BUCC mining")
    assert rows[2][4] == "1.1000; 1 of 2: no pairs"
    assert rows[3][4] == "no pairs"


def test_a_missing_seed_is_counted(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", arms=2, languages=2, seeds=2)
    _change(made / MINING_FILE, lambda rows: [row for row in rows if row["seed"] != 2])
    rows = _table(write_report(made).read_text(encoding="utf-8"), "Mining: BUCC mining")
    assert rows[3][1].endswith("1 of 2 seeds")


def test_other_definitions_are_beside_ours(folder: Path, page: str) -> None:
    run = RunFolder.read(folder)
    table = next(t for t in score_tables(run, ScoreIndex(run)) if t.target.name == "bucc")
    assert [(c.protocol, c.metric, c.primary) for c in table.columns] == [(OWN, "mining_f1", True)]
    assert [(c.protocol, c.metric) for c in table.defined_columns] == [
        (OWN, "mining_f1"),
        ("laser/mining", "mining_f1"),
        ("mteb/gold->en", "weighted_f1"),
        ("xtreme/mining", "mining_f1"),
    ]
    assert {c.metric for c in table.other_columns} == {"mining_precision", "mining_recall"}
    label = "Other projects&#39; definitions: BUCC mining"
    rows = {row[0].split()[0]: row[1:] for row in _table(page, label)}
    assert rows["image-locked"] == ["no score"] * 4
    assert rows["text"][2] == "79.0"
    ours = _table(page, "Scores: BUCC mining")
    assert {row[0].split()[0]: row[1] for row in ours}["text"] == rows["text"][0]


def test_a_protocols_own_metric_goes_first(folder: Path, page: str) -> None:
    run = RunFolder.read(folder)
    table = next(t for t in score_tables(run, ScoreIndex(run)) if t.target.name == "tatoeba")
    assert [c.protocol for c in table.columns] == ["crosslift/xx->en"]
    facts = run.run.protocols | {"xtreme/en->xx": {"metric": "recall_at_5"}}
    other = RunFolder(
        run.path,
        run.run.model_copy(update={"protocols": facts}),
        *(run.scores, run.curves, run.verdicts, run.examples),
    )
    changed = next(t for t in score_tables(other, ScoreIndex(other)) if t.target.name == "tatoeba")
    metrics = [t.defined_columns[1].metric for t in (table, changed)]
    assert metrics == ["top1_accuracy", "recall_at_5"]
    names = next(t for t in score_tables(run, ScoreIndex(run)) if t.target.name == "names")
    assert names.defined_columns == ()
    assert page.count("<h4>Other projects' definitions</h4>") == 2


def test_mining_has_no_clean_columns(page: str) -> None:
    head, *rows = _table(page, "Scores: BUCC mining")
    assert head == ["Arm", f"mining F1 (primary) {OWN}"]
    assert all(len(row) == 2 for row in rows)
    said = _visible(_section(page, "scores"))
    assert "There are no clean scores here: a score is one of all items together" in said
    assert _table(page, "Scores: Tatoeba sentences")[1] == ["all", "clean"]


def test_the_rest_of_the_page_copes_with_mining(folder: Path, page: str) -> None:
    run = RunFolder.read(folder)
    assert re.search(r"Against the baseline raw, higher: text.* on ", plain_answer(run))
    heat = _table(page, "Scores by language: BUCC mining")
    assert heat[0][1:] == ["raw", "text", "image", "image-shuffled", "packaged"]
    (gap,) = [row for row in heat if "gap: no files in bucc" in row]
    assert gap[0].startswith("Russian Cyrillic")
    assert (folder / "plots" / "forest-bucc.svg").is_file()
    visible = _visible(page)
    assert "3 languages, 2,700 src texts, 1 gap" in visible
    protocols = _visible(_section(page, "protocols"))
    assert "threshold_source dev" in protocols
    assert "None" not in protocols


def test_the_model_card_copes_with_mining(folder: Path) -> None:
    run = RunFolder.read(folder)
    card = card_text(run, "text")
    (line,) = [line for line in card.splitlines() if line.startswith("| BUCC mining")]
    assert f"| mining F1 (%) | `{OWN}` | 3 |" in line
    assert "threshold\\_source dev" in card
    locked = card_text(run, "image-locked")
    assert "BUCC" not in locked


def test_texts_are_escaped_and_ids_unique(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", arms=3, languages=2, seeds=1, remark=ATTACK)
    _change(made / MINING_FILE, lambda rows: [row | {"threshold_source": ATTACK} for row in rows])
    text = write_report(made).read_text(encoding="utf-8")
    assert text.count("<script") == 1  # ours
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_files_that_are_refused(small: Path) -> None:
    run = RunFolder.read(small)
    rows = json.loads((small / MINING_FILE).read_text(encoding="utf-8"))

    def refused(content: Any, kind: type[Exception], message: str) -> None:
        (small / MINING_FILE).write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(kind, match=message):
            mining_section(run)

    refused([*rows, rows[0]], DataError, r"holds \('raw', 0, 'bucc', 'crosslift/mining', 'de'\)")
    refused([rows[0] | {"arm": "rwa"}], UnknownNameError, "unknown arm 'rwa'")
    refused([rows[0] | {"target": "bcc"}], UnknownNameError, "unknown target 'bcc'")
    refused([rows[0] | {"thresholds": []}], DataError, "thresholds")
    refused([rows[0] | {"curve": [[1.0, 0.5]]}], DataError, "curve")
    refused([rows[0] | {"thresholds": [float("nan")]}], DataError, "finite")
    refused({"arm": "raw"}, DataError, r"mining\.json is malformed")
    (small / MINING_FILE).write_text("[{", encoding="utf-8")
    with pytest.raises(DataError, match=r"mining\.json: not JSON"):
        mining_section(run)


def test_what_evaluate_mining_gives_is_what_the_report_reads(small: Path) -> None:
    chance = np.random.default_rng(0)
    texts = [f"{side}{number}" for side in ("s", "t") for number in range(40)]
    base = chance.normal(size=(40, 8))
    vectors = np.concatenate([base, base + chance.normal(size=(40, 8))]) + 3
    place = {text: i for i, text in enumerate(texts)}
    split = BuccSplit(
        *("de", "dev", tuple(texts[:40]), tuple(texts[:40]), tuple(texts[40:]), tuple(texts[40:])),
        gold=tuple((i, i) for i in range(0, 40, 2)),
    )
    sides = SideLookups.of_both(lambda t: vectors[[place[x] for x in t]].astype(np.float32))
    ((_, detail),) = evaluate_mining(
        {OUR_MINING[0]: sides},
        MiningData({"de": {"dev": split}}),
    )
    assert detail is not None
    written = [{"arm": "raw", "seed": 0, "target": "bucc"} | detail.to_json()]
    (small / MINING_FILE).write_text(json.dumps(written), encoding="utf-8")
    rows = _table(write_report(small).read_text(encoding="utf-8"), "Mining: BUCC mining")
    assert rows[1] == ["German scored on dev, 20 gold pairs"]
    assert rows[2][3] == f"{100 * detail.score.mining_f1:.1f}"
    assert rows[2][4] == " and ".join(f"{cut:.4f}" for cut in sorted(detail.thresholds))
    assert rows[2][5] == "the other half of dev, by src text"
    assert rows[2][6] == f"{100 * detail.oracle.mining_f1:.1f}"


def test_a_study_with_mining_is_reported_whole(tmp_path: Path, xlm_folder: Path) -> None:
    bucc = tmp_path / "bucc"
    bucc.mkdir()
    for split, first in (("dev", 0), ("test", 100)):
        numbers = range(first, first + 30)
        for side in ("de", "en"):
            lines = (f"{side}-{n:09}\t{_sentence(n)} {side[0] * (n % 3)}" for n in numbers)
            (bucc / f"de-en.{split}.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
        gold = (f"de-{n:09}\ten-{n:09}" for n in numbers if n % 3)
        (bucc / f"de-en.{split}.gold").write_text("\n".join(gold) + "\n", encoding="utf-8")
    study = small_study(
        xlm_folder,
        start="plain",
        arms={"baseline": {}, "centred": {"postprocessing": ["centre"]}},
        targets=[
            {"name": "gettext", "languages": ["de", "he"], "protocols": "all"},
            {
                "name": "bucc",
                "data": str(bucc),
                "languages": ["de"],
                "protocols": ["xtreme", "mteb"],
            },
        ],
        sweep={"target": "gettext"},
        comparisons=[],
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    page = (out / "report.html").read_text(encoding="utf-8")
    for anchor in ("mining", "vectors", "sweep"):
        assert f'<section id="{anchor}">' in page
    rows = _table(page, "Mining: BUCC mining")
    assert rows[1] == ["German scored on test, 20 gold pairs"]
    assert [row[0] for row in rows[2:]] == ["baseline baseline", "centred"]
    scores = pq.read_table(out / "results.parquet").to_pylist()
    (f1,) = [
        row["value"]
        for row in scores
        if (row["protocol"], row["metric"], row["language"]) == (OWN, "mining_f1", "macro")
    ]
    assert rows[2][3] == f"{100 * f1:.1f}"
    assert len(_table(page, "Other projects&#39; definitions: BUCC mining")[0]) == 1 + 3


def _sentence(number: int) -> str:
    words = ("house", "river", "seven", "blue", "train", "winter", "bread", "music", "stone")
    return f"{words[number % 9]} {words[number % 7]} {words[number % 5]} {number}"


def test_readings_that_differ_by_start_are_in_words(small: Path) -> None:
    read = {"plain": {"pooling": "mean", "prompt": ""}, "mlm": {"pooling": "<first>"}}
    _change(small / "run.json", lambda run: run["protocols"][OWN].update(read))
    section = _visible(_section(write_report(small).read_text(encoding="utf-8"), "protocols"))
    assert "plain pooling mean, no prompt mlm pooling <first>" in section
