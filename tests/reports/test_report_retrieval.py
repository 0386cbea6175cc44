"""What a report shows of vectors and of hidden states, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from report_sample import write_sample, write_vector_files

from crosslift.errors import DataError, UnknownNameError
from crosslift.reports.diagnosis import vector_section
from crosslift.reports.html import write_report
from crosslift.reports.sweep import sweep_section, write_sweep_plot
from crosslift.results.reading_sweep import SWEEP_FILE, Sweep
from crosslift.results.result_record import from_json
from crosslift.results.run_folder import RunFolder
from crosslift.results.vector_diagnoses import DIAGNOSTICS_FILE
from crosslift.retrieval.diagnostics import diagnose, separability

ATTACK = "<script>alert('x')</script>"


def _sample(folder: Path, **settings: Any) -> Path:
    made = write_sample(folder, **settings)
    write_vector_files(made, settings.get("remark", ""))
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


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


def _known(folder: Path, arm: str, target: str) -> list[dict[str, Any]]:
    rows = json.loads((folder / DIAGNOSTICS_FILE).read_text(encoding="utf-8"))
    return [row for row in rows if (row["arm"], row["target"]) == (arm, target)]


def test_sections_are_in_the_navigation(page: str) -> None:
    for anchor, title in (
        ("vectors", "What the vectors look like"),
        ("sweep", "Which hidden state"),
    ):
        assert page.count(f'<li><a href="#{anchor}">{title}</a></li>') == 2
        assert f">{title}<a" in _section(page, anchor)
    order = [page.index(f'<section id="{name}">') for name in ("languages", "vectors", "sweep")]
    assert order == sorted(order)
    assert order[-1] < page.index('<section id="forgetting">')


def test_a_run_without_the_files_renders_as_before(tmp_path: Path, folder: Path) -> None:
    bare = write_sample(tmp_path / "bare")
    text = write_report(bare).read_text(encoding="utf-8")
    assert "What the vectors look like" not in text
    assert "Which hidden state" not in text
    assert vector_section(RunFolder.read(bare)) is None
    assert sweep_section(RunFolder.read(bare)) is None
    names = {path.name for path in (folder / "plots").iterdir()}
    more = names - {path.name for path in (bare / "plots").iterdir()}
    assert {name.split("-")[0] for name in more} == {"margins", "hidden"}


def test_each_file_works_alone(small: Path) -> None:
    (small / SWEEP_FILE).unlink()
    text = write_report(small).read_text(encoding="utf-8")
    assert 'id="vectors"' in text
    assert 'id="sweep"' not in text
    write_vector_files(small)
    (small / DIAGNOSTICS_FILE).write_text("[]", encoding="utf-8")
    text = write_report(small).read_text(encoding="utf-8")
    assert 'id="vectors"' not in text
    assert 'id="sweep"' in text


def test_the_table_holds_means_over_languages_and_seeds(folder: Path) -> None:
    section = vector_section(RunFolder.read(folder))
    assert section is not None
    assert [table.target.name for table in section.tables] == ["names", "tatoeba"]
    table = section.tables[1]
    row = next(row for row in table.rows if row.arm.name == "text")
    cells = dict(zip(table.columns, row.cells, strict=True))
    known = _known(folder, "text", "tatoeba")
    single = [entry for entry in known if entry["language"] != "all"]
    assert len(single) == 2 * 25

    def mean(value: Callable[[dict[str, Any]], float]) -> float:
        return sum(map(value, single)) / len(single)

    expected = {
        "Mean cosine of random texts": f"{mean(_within):.2f}",
        "Probe separates the sides": f"{mean(lambda r: r['probe_accuracy']) * 100:.1f}",
        "Probe names the language": f"{(0.93 - 2 * 0.094) * 100:.1f}",
        "Hubness (skewness)": f"{mean(lambda r: r['hubness_src_to_tgt']['skewness']):.2f}",
        "Never retrieved": f"{mean(_never) * 100:.1f}",
        "Median margin": f"{mean(lambda r: r['margins_src_to_tgt']['quantiles'][2]):+.3f}",
        "Margins above 0": f"{mean(lambda r: r['margins_src_to_tgt']['above_zero']) * 100:.1f}",
    }
    assert {title: cell.value for title, cell in cells.items() if cell} == expected
    assert all(cell is not None and cell.missing == "" for cell in row.cells)


def _within(row: dict[str, Any]) -> float:
    return float(row["mean_cosine_src"] + row["mean_cosine_tgt"]) / 2


def _never(row: dict[str, Any]) -> float:
    return float(row["hubness_src_to_tgt"]["never_retrieved"])


def test_languages_without_a_value_are_counted(small: Path) -> None:
    def thin(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            if (row["arm"], row["language"]) == ("raw", "ar"):
                row["probe_accuracy"] = None
            if row["arm"] == "text" and row["language"] != "all":
                row["hubness_src_to_tgt"] = None
        return rows

    _change(small / DIAGNOSTICS_FILE, thin)
    section = vector_section(RunFolder.read(small))
    assert section is not None
    table = section.tables[1]
    raw, text = table.rows
    place = table.columns.index("Probe separates the sides")
    probe, whole = raw.cells[place], text.cells[place]
    assert probe is not None and probe.missing == "1 of 2 languages"
    assert whole is not None and whole.missing == ""
    assert text.cells[table.columns.index("Never retrieved")] is None
    html = _section(write_report(small).read_text(encoding="utf-8"), "vectors")
    assert "1 of 2 languages" in html
    assert html.count('<td class="num gap">no value</td>') == 4  # two columns of two targets


def test_without_separability_its_column_is_left_out(small: Path) -> None:
    _change(
        small / DIAGNOSTICS_FILE, lambda rows: [row for row in rows if row["language"] != "all"]
    )
    section = _section(write_report(small).read_text(encoding="utf-8"), "vectors")
    assert "Probe names the language" not in section
    assert "Probe separates the sides" in section


def test_what_diagnose_returns_is_what_the_report_reads(small: Path) -> None:
    import numpy as np

    chance = np.random.default_rng(0)
    vectors = {code: chance.normal(size=(40, 8)) for code in ("ar", "bn", "en")}
    rows = [
        {"arm": "raw", "seed": 0, "target": "tatoeba"}
        | diagnose(code, vectors[code][:pairs], vectors["en"][:pairs]).to_json()
        for code, pairs in (("ar", 40), ("bn", 1))
    ]
    whole = {"arm": "raw", "seed": 0, "target": "tatoeba", "language": "all"}
    rows.append(whole | {"separability": separability(vectors)})
    (small / DIAGNOSTICS_FILE).write_text(json.dumps(rows), encoding="utf-8")
    section = vector_section(RunFolder.read(small))
    assert section is not None
    (table,) = section.tables
    (row,) = table.rows
    assert [cell.missing for cell in row.cells if cell] == [
        "1 of 2 languages" if title != "Probe names the language" else "" for title in table.columns
    ]
    (plot,) = section.plots
    assert plot.alternative.startswith("Tatoeba sentences: margins of each arm")


def test_the_margins_of_the_first_target_are_drawn(folder: Path, page: str) -> None:
    section = vector_section(RunFolder.read(folder))
    assert section is not None
    (plot,) = section.plots
    assert plot.name == "margins-names"
    assert "image-shuffled −0.2" in plot.alternative
    assert 'aria-label="Names of concepts: margins of each arm' in _section(page, "vectors")
    with Image.open(folder / "plots" / "margins-names.png") as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_pictures_follow_the_colours_of_the_page(page: str) -> None:
    for anchor in ("vectors", "sweep"):
        pictures = re.findall(r'<svg class="plot".*?</svg>', _section(page, anchor), re.DOTALL)
        assert pictures
        inline = "".join(pictures)
        assert "var(--arm-0)" in inline
        assert not re.search(r"(?:fill|stroke): #[0-9a-f]{6}", inline)


def test_ids_are_unique_and_texts_escaped(tmp_path: Path) -> None:
    made = _sample(tmp_path / "run", remark=ATTACK)
    text = write_report(made).read_text(encoding="utf-8")
    assert text.count("<script") == 1, "the page's own"
    assert "<script>alert" not in text
    assert f"all other pairs{ATTACK}" in unescape(text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_choice_is_reported_with_its_data(folder: Path, page: str) -> None:
    section = sweep_section(RunFolder.read(folder))
    assert section is not None
    assert [plot.name for plot in section.plots] == [
        "hidden-state-raw",
        "hidden-state-text",
        "hidden-state-image",
    ]
    text = _visible(_section(page, "sweep"))
    assert "were chosen on the first 200 pairs of each language, and the score is" in text
    assert "is reported on all other pairs: Tatoeba sentences, top-1 accuracy" in text
    assert [(row.arm.name, row.seed) for row in section.rows] == [
        ("raw", 0),
        ("text", 1),
        ("text", 2),
        ("image", 1),
        ("image", 2),
    ]
    for row, entry in zip(section.rows, section.sweep.arms, strict=True):
        assert (row.score, row.default_score) == (
            f"{entry.score * 100:.1f}",
            f"{entry.default.score * 100:.1f}",
        )
        row_text = f"{row.chosen} {row.score} hidden state 12, mean {row.default_score}"
        assert f"{row_text} {row.difference}" in text
        assert row.difference == f"{(entry.score - entry.default.score) * 100:+.1f}"


def _sweep(**change: Any) -> dict[str, Any]:
    curve = {"pooling": "mean", "hidden_states": [0, 6, 12], "dev": [0.1, 0.6, 0.4]}
    arm = {
        "arm": "raw",
        "seed": 0,
        "curves": [curve | {"rest": [0.1, 0.55, 0.45]}],
        "chosen": {"hidden_state": 6, "pooling": "mean"},
        "score": 0.55,
        "default": {"hidden_state": 12, "pooling": "mean", "score": 0.45},
    }
    facts = {"target": "tatoeba", "metric": "top1_accuracy", "chosen_on": "dev"}
    return facts | {"reported_on": "test", "arms": [arm | change]}


def _drawn_circle(path: Path) -> list[tuple[float, float]]:
    """Middle points of the large marks: the chosen reading and the default."""
    text = path.read_text(encoding="utf-8")
    return [
        (float(x), float(y)) for x, y in re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', text)
    ]


def _plot(content: dict[str, Any], path: Path) -> None:
    write_sweep_plot(from_json(content, Sweep, "the sweep"), path)


def test_a_sweep_is_written_alone(tmp_path: Path) -> None:
    _plot(_sweep(), tmp_path / "new" / "sweep.svg")
    text = (tmp_path / "new" / "sweep.svg").read_text(encoding="utf-8")
    for word in ("raw", "mean", "hidden state", "top-1 accuracy, percent", "chosen", "default"):
        assert f">{word}</text>" in text
    assert "#ffffff" in text
    _plot(_sweep(), tmp_path / "sweep.png")
    with Image.open(tmp_path / "sweep.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 2 * 380
    _plot(_sweep(), tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == text


def test_the_chosen_state_is_marked_where_it_is(tmp_path: Path) -> None:
    _plot(_sweep(), tmp_path / "one.svg")
    chosen = {"hidden_state": 0, "pooling": "mean"}
    _plot(_sweep(chosen=chosen), tmp_path / "other.svg")
    one, other = (_drawn_circle(tmp_path / name) for name in ("one.svg", "other.svg"))
    moved = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    assert len(moved) == 1
    (before, after) = moved[0]
    assert after[0] < before[0]  # to the left
    assert after[1] > before[1]  # and down


def test_a_default_that_was_not_tried_is_not_marked(tmp_path: Path) -> None:
    _plot(_sweep(), tmp_path / "one.svg")
    default = {"hidden_state": 24, "pooling": "cls", "score": 0.3}
    _plot(_sweep(default=default), tmp_path / "other.svg")
    one, other = (_drawn_circle(tmp_path / name) for name in ("one.svg", "other.svg"))
    assert len(one) == len(other) + 1


def test_sweeps_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sweep\.jpg"):
        _plot(_sweep(), tmp_path / "sweep.jpg")
    with pytest.raises(DataError, match="hidden state 7, mean was chosen but is on none"):
        _plot(_sweep(chosen={"hidden_state": 7, "pooling": "mean"}), tmp_path / "sweep.png")
    short = {"pooling": "cls", "hidden_states": [0, 1], "dev": [0.1, 0.2], "rest": [0.1]}
    with pytest.raises(DataError, match="cls: 2 hidden states, 2 scores of dev, 1 of the rest"):
        _plot(_sweep(curves=[short]), tmp_path / "sweep.png")
    with pytest.raises(DataError, match="finite"):
        _plot(_sweep(score=float("nan")), tmp_path / "sweep.png")
    with pytest.raises(DataError, match="no arm"):
        _plot(_sweep() | {"arms": []}, tmp_path / "sweep.png")
    with pytest.raises(DataError, match="chosen_on"):
        _plot({k: v for k, v in _sweep().items() if k != "chosen_on"}, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_refused(small: Path) -> None:
    run = RunFolder.read(small)
    whole = (small / DIAGNOSTICS_FILE).read_text(encoding="utf-8")
    (small / DIAGNOSTICS_FILE).write_text("[{", encoding="utf-8")
    with pytest.raises(DataError, match=r"diagnostics\.json: not JSON"):
        vector_section(run)
    (small / DIAGNOSTICS_FILE).write_text('{"arm": "raw"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"diagnostics\.json is malformed"):
        vector_section(run)
    (small / DIAGNOSTICS_FILE).write_text(whole.replace('"probe_accuracy"', '"probe"', 1))
    with pytest.raises(DataError, match="probe_accuracy"):
        vector_section(run)
    rows = json.loads(whole)
    (small / DIAGNOSTICS_FILE).write_text(json.dumps([*rows, rows[0]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"holds \('raw', 0, 'names', 'ar'\) twice"):
        vector_section(run)
    (small / DIAGNOSTICS_FILE).write_text(json.dumps([rows[0] | {"arm": "rwa"}]), encoding="utf-8")
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        vector_section(run)
    (small / DIAGNOSTICS_FILE).write_text(
        json.dumps([rows[0] | {"target": "bucc"}]), encoding="utf-8"
    )
    with pytest.raises(UnknownNameError, match="unknown target 'bucc'"):
        vector_section(run)


def test_sweeps_of_unknown_arms_are_refused(small: Path) -> None:
    run = RunFolder.read(small)
    (small / SWEEP_FILE).write_text(json.dumps(_sweep(arm="rwa")), encoding="utf-8")
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        sweep_section(run)
    (small / SWEEP_FILE).write_text(json.dumps(_sweep() | {"target": "bucc"}), encoding="utf-8")
    with pytest.raises(UnknownNameError, match="unknown target 'bucc'"):
        sweep_section(run)


def test_the_same_folder_gives_the_same_bytes(folder: Path, page: str) -> None:
    plots = {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}
    write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == page
    assert {path.name: path.read_bytes() for path in (folder / "plots").iterdir()} == plots
