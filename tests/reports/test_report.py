"""The report of a run: what it shows, that it is safe and whole, and what it refuses."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from report_sample import write_sample

from crosslift import wording
from crosslift.errors import ArtifactError, DataError, UnknownNameError, shorten
from crosslift.metrics.table import described
from crosslift.reports import html as report_page
from crosslift.reports.answers import baseline_answers, question_answers
from crosslift.reports.curves import MOST_POINTS, curve_panels, mean_curve
from crosslift.reports.html import write_report
from crosslift.reports.looks import colour_variables, looks_of
from crosslift.reports.pages import names_marked
from crosslift.reports.short_answer import plain_answer
from crosslift.results.run_folder import FILES, RunFolder, checksums_of
from crosslift.results.score_rows import CurvePoint

OUR_SCRIPT = (Path(report_page.__file__).parent / "templates/report.js").read_text(encoding="utf-8")
ATTACK = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


class _Page(HTMLParser):
    """The elements of a page with their attributes, and which ones were never closed."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.stray: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.stray.append(tag)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_sample(tmp_path_factory.mktemp("run") / "sample")
    write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


def _visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_page_is_well_formed_and_its_ids_are_unique(folder: Path, page: str) -> None:
    parsed = _Page(page)
    assert parsed.open == []
    assert parsed.stray == []
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for tag, a in parsed.elements if tag in ("a", "use")]
    files = [link for link in links if not str(link).startswith("#")]
    assert files and all((folder / str(name)).is_file() for name in files)
    assert {str(link)[1:] for link in links if link not in files} <= set(ids)


def test_question_answer_and_every_verdict_are_shown(folder: Path, page: str) -> None:
    run = RunFolder.read(folder)
    visible = _visible(page)
    assert run.run.question in visible
    for answer in (*question_answers(run), *baseline_answers(run)):
        assert answer.question in visible
        for line in answer.lines:
            assert line.words in page.replace("<code>", "`").replace("</code>", "`")
    for verdict in run.verdicts:
        assert verdict.sentence.replace("`", "") in visible
    declared = page.index(names_marked(run.verdicts[0].sentence))
    assert page.index("Every verdict in a sentence to quote") < declared


def test_each_verdict_has_a_mark_in_sign_and_word(folder: Path, page: str) -> None:
    run = RunFolder.read(folder)
    verdicts = run.verdicts
    answers = (*question_answers(run), *baseline_answers(run))
    for outcome, sign in (("higher", "▲"), ("lower", "▼"), ("inconclusive", "○")):
        number = sum(verdict.verdict == outcome for verdict in verdicts)
        mark = f'<i aria-hidden="true">{sign}</i>{outcome}</span>'
        of_controls = sum(
            verdict.verdict == outcome
            for verdict in verdicts
            if (verdict.arm, verdict.against) == ("image", "image-shuffled")
        )
        folded = sum(line.outcome == outcome for answer in answers for line in answer.lines)
        assert folded <= len(answers)
        assert page.count(mark) == number + folded + of_controls


def test_the_plain_answer_says_only_what_the_verdicts_say(folder: Path) -> None:
    run = RunFolder.read(folder)
    answer = plain_answer(run)
    first = answer.split(".")[0]
    assert first.startswith("image is higher than text on Names of concepts (+")
    assert "What image gains on Tatoeba sentences is not shown to come from the content" in answer
    assert plain_answer(replace(run, verdicts=())).startswith("No comparison was made")
    undeclared = tuple(v for v in run.verdicts if v.family == "vs-baseline" and v.arm == "text")
    answer = plain_answer(replace(run, verdicts=undeclared))
    assert answer.startswith("Against the baseline raw, higher: text on Names of concepts")
    assert answer.endswith(
        "inconclusive: No difference is shown in 1 comparison of the other arms."
    )


def test_equivalence_has_a_mark_and_words(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "run")
    path = folder / "verdicts.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    for entry in entries:
        if entry["verdict"] == "inconclusive":
            entry |= {"verdict": "equivalent", "smallest_effect": 0.05}
    path.write_text(json.dumps(entries), encoding="utf-8")
    page = write_report(folder).read_text(encoding="utf-8")
    assert '<i aria-hidden="true">≈</i>equivalent</span>' in page
    answer = plain_answer(RunFolder.read(folder))
    assert "is equivalent to " in answer
    assert "No difference" not in answer


def test_hostile_texts_are_escaped_everywhere(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", remark=ATTACK)

    def rename(run: dict[str, Any]) -> None:
        run["study"] += ATTACK
        run["store"] += ATTACK
        run["environments"][0]["facts"][ATTACK] = ATTACK
        run["protocols"]["crosslift/xx->en"][ATTACK] = ATTACK

    _change(made / "run.json", rename)
    text = write_report(made).read_text(encoding="utf-8")
    parsed = _Page(text)
    assert _scripts(text) == [OUR_SCRIPT]
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert not any(name.startswith("on") for _, a in parsed.elements for name in a)
    assert parsed.open == []
    assert parsed.stray == []
    assert escape("<script>alert(") in text
    for verdict in RunFolder.read(made).verdicts:
        assert " ".join(verdict.sentence.replace("`", "").split()) in _visible(text)


def _scripts(page: str) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", page, flags=re.DOTALL)


def test_the_policy_of_the_page_allows_our_script_alone(page: str) -> None:
    digest = b64encode(hashlib.sha256(OUR_SCRIPT.encode()).digest()).decode()
    assert _scripts(page) == [OUR_SCRIPT]
    assert f"script-src 'sha256-{digest}'" in page
    assert not re.search(r"https?:|import|fetch\(|XMLHttpRequest|eval\(|innerHTML", OUR_SCRIPT)


def test_nothing_is_loaded_from_anywhere(folder: Path, page: str) -> None:
    for tag, attributes in _Page(page).elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            value = attributes.get(name)
            is_file = tag == "a" and name == "href" and (folder / str(value)).is_file()
            assert is_file or value is None or value.startswith(("#", "data:")), (tag, name, value)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_texts_carry_their_language_and_direction(page: str) -> None:
    arabic = '<span class="text" lang="ar" dir="rtl">أين محطة القطار؟</span>'
    assert arabic in page
    assert '<span class="text" lang="he" dir="rtl">תפוח אדום</span>' in page
    assert '<span class="text" lang="de" dir="ltr">Wo ist der Bahnhof?</span>' in page
    assert '<span class="text" lang="en" dir="ltr">Where is the station?</span>' in page


def test_the_sides_follow_the_direction_of_the_protocol(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run")

    def turn(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        arabic = examples[0]
        arabic["protocol"] = "xtreme/en->xx"
        arabic["query_text"], arabic["gold_text"] = arabic["gold_text"], arabic["query_text"]
        return [arabic]

    _change(made / "examples.json", turn)
    text = write_report(made).read_text(encoding="utf-8")
    assert '<span class="text" lang="ar" dir="rtl">أين محطة القطار؟</span>' in text
    assert '<dd class="ask"><span class="text" lang="en" dir="ltr">Where' in re.sub(
        r">\s+<", "><", text
    )


def test_an_unknown_language_is_shown_by_its_code(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run")
    _change(made / "examples.json", lambda examples: [{**examples[0], "language": "qqq"}])
    _change(made / "run.json", lambda run: run["targets"][0]["languages"].append("qqq"))
    text = write_report(made).read_text(encoding="utf-8")
    assert 'lang="qqq" dir="auto"' in text
    assert "Family not known" in text


def test_gaps_and_missing_scores_are_shown(page: str) -> None:
    visible = _visible(page)
    assert re.search(r"Yoruba [\w-]+ gap: no names of this language", visible)
    assert "Zulu gap: file missing" in visible
    assert "Afrikaans" not in visible  # not among the first 25 languages of the sample


def test_files_that_were_not_read_are_named(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run")
    assert "Files that were not read" not in write_report(made).read_text(encoding="utf-8")
    odd = {"x<y>.xqz-en.xqz": "'xqz-en' names no two known languages"}
    _change(made / "run.json", lambda run: run["targets"][0].update(unread=odd))
    visible = _visible(write_report(made).read_text(encoding="utf-8"))
    assert "Files that were not read x<y>.xqz-en.xqz: 'xqz-en' names no two" in visible


def test_a_language_without_a_score_in_one_arm_is_a_hole(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run")
    rows = pq.read_table(made / "results.parquet").to_pylist()
    other_rows = [row for row in rows if (row["arm"], row["language"]) != ("text", "de")]
    pq.write_table(pa.Table.from_pylist(other_rows), made / "results.parquet")
    text = write_report(made).read_text(encoding="utf-8")
    assert '<td class="hole">no score</td>' in text


def test_scores_are_percent_means_over_seeds_with_their_range(folder: Path, page: str) -> None:
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    expected = {"arm": "text", "target": "tatoeba", "language": "macro", "subset": "clean"}
    expected |= {"protocol": "crosslift/xx->en", "metric": "top1_accuracy"}
    values = [row["value"] for row in rows if expected.items() <= row.items()]
    assert len(values) == 2
    mean, spread = sum(values) / 2, f"{min(values) * 100:.1f}–{max(values) * 100:.1f}"
    assert f'<td class="num">{mean * 100:.1f}<br><span class="small">{spread}</span>' in page


def test_every_section_of_the_navigation_exists(page: str) -> None:
    menus = "".join(re.findall(r"<nav.*?</nav>", page, flags=re.DOTALL))
    anchors = re.findall(r'<li><a href="#([a-z]+)">', menus)
    assert len(anchors) == 2 * 12
    assert all(f'<section id="{anchor}">' in page for anchor in set(anchors) - {"answer"})


def test_unequal_budgets_are_marked(page: str) -> None:
    assert "≠ unequal budget: 91,877 tokens against 98,213" in page
    assert "≠ text: 91,877 tokens against 98,213" in page


def test_plots_are_written_as_svg_on_white_and_png(folder: Path) -> None:
    vectors = sorted((folder / "plots").glob("*.svg"))
    names = [path.stem for path in vectors]
    assert {"forest-names", "forest-tatoeba", "control-image-shuffled"} <= set(names)
    assert {"trade-off-names-tatoeba", "curve-picture-name-loss"} <= set(names)
    for path in vectors:
        assert "fill: #ffffff" in path.read_text(encoding="utf-8")
        with Image.open(path.with_suffix(".png")) as picture:
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_pictures_in_the_page_follow_its_colours(page: str) -> None:
    inline = "".join(re.findall(r'<svg class="plot".*?</svg>', page, flags=re.DOTALL))
    assert "var(--arm-0)" in inline
    assert "currentColor" in inline
    assert not re.search(r"(?:fill|stroke): #[0-9a-f]{6}", inline)


def test_the_same_folder_gives_the_same_bytes(folder: Path, page: str) -> None:
    plots = {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}
    write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == page
    assert {path.name: path.read_bytes() for path in (folder / "plots").iterdir()} == plots
    assert not list(folder.rglob(".*"))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    (made / name).unlink()
    with pytest.raises(DataError, match=re.escape(f"lacks {name}")):
        write_report(made)
    assert not (made / "report.html").exists()


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run folder at"):
        write_report(tmp_path / "nowhere")


def test_what_the_folder_must_not_hold(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    whole = (made / "run.json").read_text(encoding="utf-8")
    _change(made / "run.json", lambda run: run.update(schema=1))
    with pytest.raises(DataError, match=r"has schema 1\nExpected: schema 2\n"):
        RunFolder.read(made)
    (made / "run.json").write_text(whole.replace('"role": "control"', '"role": "placebo"'))
    with pytest.raises(DataError, match="placebo"):
        RunFolder.read(made)
    (made / "run.json").write_text(whole.replace('"baseline": "raw"', '"baseline": "rwa"'))
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        RunFolder.read(made)
    (made / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run\.json: not JSON"):
        RunFolder.read(made)


@pytest.mark.parametrize("name", ["results.parquet", "curves.parquet", "verdicts.json"])
@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "other"])
def test_a_damaged_file_is_found(tmp_path: Path, name: str, damage: str) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    data = (made / name).read_bytes()
    content = {"cut": data[:500], "empty": b"", "other": b"[" * 50_000}
    content["flipped"] = data[:-99] + bytes([data[-99] ^ 1]) + data[-98:]
    _change(made / "run.json", lambda run: run.update(checksums=checksums_of(made)))
    RunFolder.read(made)
    (made / name).write_bytes(content[damage])
    with pytest.raises(DataError, match=rf"{name} is not as the run left it") as caught:
        RunFolder.read(made)
    assert "run the study again" in str(caught.value.remedy)
    if damage != "flipped":
        _change(made / "run.json", lambda run: run.update(checksums={}))  # of an earlier version
        with pytest.raises(DataError, match=name):
            RunFolder.read(made)


def test_a_folder_that_was_written_halfway_over_another_is_found(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    _change(made / "run.json", lambda run: run.update(checksums=checksums_of(made)))
    later = write_sample(tmp_path / "later", languages=3, seeds=1)
    (made / "verdicts.json").write_bytes((later / "verdicts.json").read_bytes())
    with pytest.raises(DataError, match=r"verdicts\.json is not as the run left it"):
        RunFolder.read(made)


def test_types_and_gaps_of_columns(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    rows = pq.read_table(made / "results.parquet").to_pylist()
    for column, value, message in (
        ("seed", "one", "cannot be read"),
        ("arm", None, "lacks a value"),
    ):
        changed = [row | {column: value} for row in rows]
        pq.write_table(pa.Table.from_pylist(changed), made / "results.parquet")
        with pytest.raises(DataError, match=message):
            RunFolder.read(made)


def test_a_report_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_sample(tmp_path / "run", arms=2, languages=2, seeds=1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ArtifactError, match="the disk is full"):
        write_report(made)
    assert not list(made.rglob("*.draft*"))


def test_scores_must_be_finite_and_whole(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    table = pq.read_table(made / "results.parquet")
    rows = table.to_pylist()
    rows[3]["value"] = float("nan")
    pq.write_table(pa.Table.from_pylist(rows), made / "results.parquet")
    with pytest.raises(DataError, match="the value nan"):
        RunFolder.read(made)
    pq.write_table(table.drop_columns(["subset"]), made / "results.parquet")
    with pytest.raises(DataError, match="lacks the columns subset"):
        RunFolder.read(made)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("a\0.png", "a name of a file"),
        ("../outside.png", "is outside"),
        ("pictures/none.png", "none.png.*cannot be read"),
    ],
)
def test_pictures_must_be_in_the_folder(tmp_path: Path, picture: str, message: str) -> None:
    made = write_sample(tmp_path / "run", languages=2, seeds=1)
    Image.new("RGB", (8, 8)).save(tmp_path / "outside.png")
    _change(made / "examples.json", lambda examples: examples[-1].update(gold_picture=picture))
    with pytest.raises(DataError, match=message):
        write_report(made)


def test_a_bare_run_still_makes_a_report(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=1, languages=1, seeds=1)
    _change(made / "run.json", lambda run: run.update(overlap=[]))
    whole = pq.read_schema(write_sample(tmp_path / "whole") / "curves.parquet")
    pq.write_table(whole.empty_table(), made / "curves.parquet")
    _change(made / "examples.json", lambda _: [])
    visible = _visible(write_report(made).read_text(encoding="utf-8"))
    assert "No comparison was made" in visible
    assert "What the controls say" not in visible


def test_many_arms_and_languages(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=20, languages=96, seeds=3)
    run = RunFolder.read(made)
    looks = looks_of(run.run.arms)
    assert len({(look.variable, look.marker, look.hollow) for look in looks.values()}) == 20
    assert looks["image"].variable == looks["image-shuffled"].variable
    assert looks["image-shuffled"].hollow and not looks["image"].hollow
    text = write_report(made).read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    parsed = _Page(text)
    assert parsed.open == []
    assert parsed.stray == []
    assert _visible(text).count("Welsh") == 2  # in the differences and in the scores


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _mixed(colour: str, share: float, paper: str) -> str:
    pairs = [
        (int(colour[place : place + 2], 16), int(paper[place : place + 2], 16))
        for place in (1, 3, 5)
    ]
    return "#" + "".join(f"{round(c * share + p * (1 - share)):02x}" for c, p in pairs)


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_of_every_colour_in_both_modes(page: str, dark: bool) -> None:
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", page)
    values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6}|\d+%)", blocks[1 if dark else 0]))
    for name in ("ink", "muted", "link", "higher", "lower"):
        assert _contrast(values[name], values["paper"]) >= 4.5, name
    for name, colour in colour_variables(dark).items():
        assert _contrast(colour, values["paper"]) >= 3.0, name
    share = int(values["heat-most"].rstrip("%")) / 100
    for name in ("heat-up", "heat-down"):
        assert _contrast(values["ink"], _mixed(values[name], share, values["paper"])) >= 4.5, name


SIGHT = {  # Machado, Oliveira & Fernandes 2009, severity 1.0; on linear RGB
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def _lab(colour: str, sight: str) -> np.ndarray:
    rgb = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    perceived = np.clip(np.array(SIGHT[sight]) @ linear, 0, 1)
    xyz = np.array(TO_XYZ) @ perceived / (0.95047, 1.0, 1.08883)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_arms_stay_apart_in_every_sight(sight: str, dark: bool) -> None:
    colours = colour_variables(dark).values()
    for one, other in itertools.combinations(colours, 2):
        assert np.linalg.norm(_lab(one, sight) - _lab(other, sight)) >= 15, (one, other)


def test_a_verdict_written_the_other_way_round_is_turned(folder: Path) -> None:
    run = RunFolder.read(folder)
    target = run.target("tatoeba")
    straight, turned = (
        run.comparison("image", "text", target),
        run.comparison("text", "image", target),
    )
    assert straight is not None and turned is not None
    assert straight.verdict == "lower"
    assert turned.verdict == "higher"
    assert (turned.effect, turned.low, turned.high) == (
        -straight.effect,
        -straight.high,
        -straight.low,
    )
    assert run.comparison("text", "packaged", target) is None


def _point(seed: int, update: int, value: float, metric: str = "loss") -> CurvePoint:
    return CurvePoint("text", seed, 0, "nli", update, metric, value)


def test_curves_are_means_over_seeds() -> None:
    curve = mean_curve("text", [_point(1, 1, 2.0), _point(2, 1, 4.0), _point(1, 2, 1.0)])
    assert curve.updates == (1.0, 2.0)
    assert curve.values == (3.0, 1.0)
    assert curve.seeds == (((1.0, 2.0), (2.0, 1.0)), ((1.0,), (4.0,)))


def test_long_curves_are_thinned_by_means() -> None:
    curve = mean_curve("text", [_point(1, update, float(update)) for update in range(1, 1601)])
    assert len(curve.values) <= MOST_POINTS + 1
    assert curve.values[0] == pytest.approx(5.0)  # updates 1 to 9
    assert curve.values[1] == pytest.approx(14.5)  # updates 10 to 19


def test_losses_come_before_dev_metrics() -> None:
    panels = curve_panels([_point(1, 1, 0.5, "dev_mrr"), _point(1, 1, 2.0)])
    assert list(panels) == [("nli", "loss"), ("nli", "dev_mrr")]


def test_numbers_as_text() -> None:
    assert wording.percent(0.8534) == "85.3"
    assert wording.signed_points(0.042) == "+4.2"
    assert wording.signed_points(-0.021) == "\u22122.1"
    assert wording.signed_points(-0.0001) == "\u22120.01"
    assert wording.interval(-0.01, 0.063) == "[\u22121.0, +6.3]"
    assert wording.duration(48.34) == "48.3 s"
    assert wording.duration(119.7) == "2 min 00 s"
    assert wording.duration(7500) == "2 h 05 min"
    assert wording.memory(None) == "\u2013"
    assert wording.memory(3 * 2**30) == "3.0 GiB"
    assert wording.plural(1, "query") == "1 query"
    assert wording.plural(5200, "query") == "5,200 queries"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert shorten("abcdefghij", 5) == "ab\u2026ij"
    assert described("dev_top1_accuracy").heading == "dev top-1 accuracy"
