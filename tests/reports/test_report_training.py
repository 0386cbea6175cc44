"""What a report shows of starts, stages, mixtures and paths of weights, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from report_sample import card_text, sample_stage, sample_task, write_sample
from report_training_sample import (
    ERROR,
    NINE,
    SHARES,
    write_failures,
    write_mixtures,
    write_paths,
    write_whole_sample,
)
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, UnknownNameError
from crosslift.reports.curves import curve_panels, mean_curve
from crosslift.reports.effects import effects_on
from crosslift.reports.heat import heat_pairs
from crosslift.reports.html import write_report
from crosslift.reports.interpolation import path_section
from crosslift.reports.interpolation_plots import panels
from crosslift.reports.labels import spread
from crosslift.reports.mixtures import mixture_section
from crosslift.reports.score_tables import ScoreIndex
from crosslift.reports.short_answer import plain_answer
from crosslift.reports.stages import setting_words, stage_words, task_rows
from crosslift.results.run_folder import RunFolder
from crosslift.results.score_rows import CurvePoint
from crosslift.results.weight_paths import INTERPOLATION_FILE
from crosslift.wording import interval, percent, share, signed_points

ATTACK = "<script>alert('x')</script>"
NINE_TASKS, TWO_TASKS = "text-image mix, share 00 per cent", "text-image mix, share 10 per cent"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_sample(tmp_path_factory.mktemp("run") / "sample", arms=8, languages=4, starts=2)
    write_whole_sample(made)
    write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(folder: Path) -> RunFolder:
    return RunFolder.read(folder)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "run", arms=3, languages=2, seeds=1)


def _visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _section(page: str, anchor: str) -> str:
    match = re.search(rf'<section id="{anchor}">.*?</section>', page, flags=re.DOTALL)
    assert match is not None, anchor
    return match.group()


def _cells(page: str, label: str) -> list[list[str]]:
    """The cells of every row of a table, by the label of its region."""
    match = re.search(rf'aria-label="{label}">.*?</table>', page, flags=re.DOTALL)
    assert match is not None, label
    rows = re.findall(r"<tr[ >].*?</tr>", match.group(), flags=re.DOTALL)
    return [[_visible(c) for c in re.findall(r"<t[hd][ >].*?</t[hd]>", r, re.DOTALL)] for r in rows]


def _alternatives(page: str) -> list[str]:
    return [unescape(label) for label in re.findall(r'role="img" aria-label="([^"]*)"', page)]


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


# Starts, each with its baseline


def test_each_arm_is_compared_with_its_own_baseline(run: RunFolder) -> None:
    assert run.baselines == ("raw", "e5")
    target = run.target("names")
    verdict = run.against_baseline("e5-image", target)
    assert verdict is not None and verdict.against == "e5"
    assert {v.against for v in effects_on(run, target).values()} == {"raw", "e5"}
    assert run.against_baseline("e5", target) is None
    assert run.against_baseline("packaged", target) is None


def test_the_answer_names_the_baseline_of_each_start(run: RunFolder) -> None:
    answer = plain_answer(run)
    assert re.search(r"Against the baseline raw, higher: .*text.* on Names of concepts", answer)
    assert re.search(r"Against the baseline e5, higher: .*e5-text.* on Names of concepts", answer)


def test_forest_plots_and_heat_maps_keep_the_starts_apart(
    folder: Path, page: str, run: RunFolder
) -> None:
    names = {path.stem for path in (folder / "plots").glob("forest-*.svg")}
    assert {"forest-names-raw", "forest-names-e5"} <= names
    alternatives = [a for a in _alternatives(page) if "each arm against the baseline e5" in a]
    assert len(alternatives) == 3
    assert all("e5-image " in a and "text " in a and "; image " not in a for a in alternatives)
    table = heat_pairs(run, ScoreIndex(run))[0].differences
    assert table is not None
    columns = [arm.name for arm in table.arms]
    assert not {"raw", "e5", "packaged"} & set(columns)
    index = ScoreIndex(run)
    ours, theirs = (
        index.mean(arm, run.target("names"), "macro") or 0.0 for arm in ("e5-text", "e5")
    )
    assert table.mean.cells[columns.index("e5-text")].text == signed_points(ours - theirs)


def test_words_say_whose_baseline(page: str, run: RunFolder) -> None:
    visible = _visible(page)
    assert "Effect of each arm against its baseline" in visible
    assert "Points against the baseline of each arm, with 95% intervals" in visible
    assert "both against its own baseline in points" in visible
    assert "Difference to the baseline of each arm" in visible
    assert "e5-text against e5" in visible
    rows = {row[0]: row[3] for row in _cells(page, "Arms")[1:]}
    assert rows["text"] == "raw" and rows["e5-text"] == "e5" and rows["e5 baseline"] == "itself"
    card = card_text(run, "e5-text")
    assert "of the mean of all seeds against the baseline `e5`," in card


def test_one_start_keeps_its_words(small: Path) -> None:
    visible = _visible(write_report(small).read_text(encoding="utf-8"))
    assert "Effect of each arm against the baseline raw" in visible
    assert "Difference to the baseline raw" in visible
    assert "itself" not in visible
    assert (small / "plots" / "forest-names.svg").is_file()


def test_an_arm_whose_baseline_is_unknown_is_refused(small: Path) -> None:
    _change(small / "run.json", lambda run: run["arms"][1].update(baseline="rwa"))
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        RunFolder.read(small)


# Stages


def test_settings_in_words() -> None:
    assert setting_words({}) == ""
    assert setting_words({"lora": {"rank": 8}, "l2_sp": 0.01}) == "LoRA rank 8; L2-SP 0.01"
    assert setting_words({"lora": {}, "frozen_layers": 6}) == "LoRA; frozen layers 6"
    words = setting_words({"mixing": {"sampling": "capped", "cap": 100}, "accumulation": 4})
    assert words == "mixing (sampling capped, cap 100); accumulation 4"
    assert setting_words({"shuffle_pictures": True}) == "pictures shuffled"
    assert setting_words({"text_side": "locked"}) == "text side locked"
    assert (
        setting_words({"lora": {"modules": ["query", "value"]}}) == "LoRA modules query and value"
    )
    assert setting_words({"early_stopping": None}) == "early stopping: none"


def test_a_stage_in_words() -> None:
    mixed = [sample_task("nli", "classification", 6, 0.6), sample_task("mlm", "masked-lm", 4, 0.4)]
    words = stage_words(sample_stage(mixed, {}, 80, 60))
    assert words.tasks == "nli (classification) 60%, mlm (masked-lm) 40%"
    assert words.budget == "100 updates of 128, learning rate 2e-05"
    assert words.kept_weights == "the weights of updates 80 and 60 were kept, one for each seed"
    alone = stage_words(sample_stage(mixed[:1], {}, 80, 80))
    assert alone.tasks == "nli (classification)"
    assert alone.kept_weights == "the weights of update 80 were kept"
    assert (share(0.004), share(0.0), share(0.0996)) == ("0.4%", "0%", "10%")


def test_arms_show_tasks_settings_and_kept_updates(page: str) -> None:
    stages = {row[0]: row[4] for row in _cells(page, "Arms")[1:]}
    assert stages["raw baseline"] == "none"
    nine = stages[NINE_TASKS]
    assert "nli (classification) 11%, squad-v2-and-more (span-qa) 11%" in nine
    assert "LoRA (rank 8, alpha 16); mixing sampling uniform; accumulation 4" in nine
    assert "The weights of updates 80 and 60 were kept, one for each seed." in nine
    two = stages[TWO_TASKS]
    assert two.startswith("1. nli (classification) 60%, gettext-mlm (masked-lm) 40%: 100 updates")
    assert "L2-SP 0.01; frozen layers 6; distillation" in two
    assert "2. name-alias (text pairs)" in two and "3. name-alias (text pairs)" in two
    assert stages["image-locked"].endswith("; text side locked")
    assert stages["image-shuffled control of image"].endswith("; pictures shuffled")


def test_training_data_shows_what_was_left_out(page: str, run: RunFolder) -> None:
    rows = _cells(page, "Training data")[1:]
    of_nli = [row for row in rows if row[0] == "nli"]
    assert [row[5] for row in of_nli] == ["1,204 × no gold label 31 × es: nothing came out", "none"]
    assert [row[6] for row in of_nli] == [NINE_TASKS, TWO_TASKS]
    assert len(rows) == len(task_rows(run.run.arms)) == len(NINE) + 2
    pictures = next(row for row in rows if row[0] == "picture-name")
    assert pictures[1:5] == ["image-text", "1,514", "1,514", "400"]
    assert pictures[6].startswith("image, image-shuffled, image-locked")


def test_model_cards_tell_mixtures(run: RunFolder) -> None:
    text = card_text(run, NINE_TASKS)
    assert "1. nli (classification) 11%, squad-v2-and-more (span-qa) 11%" in text
    assert "LoRA (rank 8, alpha 16); mixing sampling uniform; accumulation 4" in text
    assert "the weights of update 80 were kept" in text
    left_out = "left out: 1,204 × no gold label; 31 × es: nothing came out"
    assert f"   - nli: 1,514 records trained on; {left_out}" in text
    text = card_text(run, TWO_TASKS)
    assert "\n2. name-alias (text pairs): 100 updates" in text and "\n3. name-alias" in text


# Mixtures and their curves


def test_shares_are_no_learning_curve_and_losses_are_by_task(run: RunFolder) -> None:
    panels_of = curve_panels(run.curves)
    assert not [panel for panel in panels_of if panel[1] == "share"]
    assert ("distillation", "loss") in panels_of
    assert {(name, "loss") for name, _ in NINE} <= set(panels_of)
    assert [c.arm for c in panels_of["nli", "dev_accuracy"]] == [NINE_TASKS, TWO_TASKS]


def test_stages_of_one_task_share_a_panel_and_are_named(folder: Path, page: str) -> None:
    curve = (folder / "plots" / "curve-name-alias-loss.svg").read_text(encoding="utf-8")
    assert ">stage 2<" in curve and ">stage 3<" in curve
    alternative = next(a for a in _alternatives(page) if a.startswith("loss on name-alias"))
    assert f"{TWO_TASKS} in stage 2 ends at" in alternative
    assert re.search(r"(: |; )text ends at", alternative)
    lone = (folder / "plots" / "curve-nli-loss.svg").read_text(encoding="utf-8")
    assert ">stage" not in lone


def test_seeds_with_other_updates_are_averaged_over_spans() -> None:
    def point(seed: int, update: int, metric: str = "loss") -> CurvePoint:
        return CurvePoint("mix", seed, 0, "nli", update, metric, float(seed))

    apart = [point(1, u) for u in range(1, 101, 5)] + [point(2, u) for u in range(3, 101, 5)]
    curve = mean_curve("mix", apart)
    assert set(curve.values) == {1.5}  # every span holds both seeds
    assert len(curve.values) == 5
    ends_early = [point(1, u) for u in range(1, 101)] + [point(2, u) for u in range(1, 51)]
    assert len(mean_curve("mix", ends_early).values) == 100
    dev = [point(s, u + s, "dev_accuracy") for s in (1, 2) for u in (25, 50, 75)]
    assert len(mean_curve("mix", dev).values) == 6  # few points are never merged


def test_shares_of_a_mixture_are_drawn_once_an_arm(folder: Path, page: str) -> None:
    shares = {path.stem for path in (folder / "plots").glob("share-*.png")}
    nine, two = (re.sub(r"[^a-z0-9]+", "-", name) for name in (NINE_TASKS, TWO_TASKS))
    assert shares == {f"share-{nine}", f"share-{two}-stage-1"}
    section = _section(page, "curves")
    assert "Shares of the tasks" in section
    alternatives = [a for a in _alternatives(section) if a.startswith("Share of the examples")]
    assert len(alternatives) == 2
    assert all(f"{name} " in alternatives[0] for name, _ in NINE)
    assert "in all nli 60%, gettext-mlm 40%" in alternatives[1]
    for colour in ("var(--arm-baseline)", "var(--arm-7)"):  # nine tasks, nine colours
        assert colour in section


def test_every_task_of_a_mixture_is_named_in_its_plot(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=8, languages=2, seeds=1)
    write_mixtures(made)
    section = mixture_section(RunFolder.read(made))
    assert section is not None
    svg = section.plots[0].svg
    assert all(f">{name[:6]}" in svg for name, _ in NINE)


def test_a_study_without_mixtures_has_no_shares(small: Path) -> None:
    assert mixture_section(RunFolder.read(small)) is None
    assert "Shares of the tasks" not in write_report(small).read_text(encoding="utf-8")


def test_names_are_spread_in_order() -> None:
    assert spread([10.0, 50.0], 5, 100) == [10.0, 50.0]
    assert spread([1.0, 2.0, 99.0], 10, 100) == [5.0, 15.0, 95.0]
    assert spread([98.0, 99.0], 10, 100) == [85.0, 95.0]


# Between start and end


def test_every_point_of_a_path_is_in_the_table(folder: Path, page: str, run: RunFolder) -> None:
    points = json.loads((folder / INTERPOLATION_FILE).read_text(encoding="utf-8"))
    rows = _cells(page, "Between start and end: Tatoeba sentences")
    assert rows[0] == ["Arm", *(f"Share {each:g}" for each in SHARES)]
    trained = [arm.name for arm in run.run.arms if arm.stages]
    assert len(rows) == 1 + len(trained)
    cells = dict(zip(SHARES, next(row for row in rows if row[0] == "text")[1:], strict=True))
    signs = {
        "higher": "▲ higher",
        "lower": "▼ lower",
        "inconclusive": "○ inconclusive",
    }
    for point in points:
        if (point["arm"], point["target"]) != ("text", "tatoeba"):
            continue
        cell = cells[point["share"]]
        if point["share"] == 0:
            assert cell == f"{percent(point['score'])} start"
            continue
        effect = f"{signed_points(point['effect'])} {interval(point['low'], point['high'])}"
        assert cell == f"{percent(point['score'])} {effect} {signs[point['verdict']]}"
    assert {"higher", "lower"} <= {p["verdict"] for p in points if p["target"] == "tatoeba"}


def test_paths_are_drawn_by_start_where_arms_are_many(folder: Path, page: str) -> None:
    section = _section(page, "interpolation")
    alternatives = [a for a in _alternatives(section) if a.startswith("Names of concepts")]
    assert len(alternatives) == 2  # nine arms: those of each start
    assert alternatives[0].startswith(
        "Names of concepts: embedded-mlm: effect against the arm's start"
    )
    assert "e5-text +" in alternatives[1] and "; text " not in alternatives[1]
    assert (folder / "plots" / "interpolation-names.png").is_file()


def test_no_share_is_called_best(page: str) -> None:
    visible = _visible(_section(page, "interpolation"))
    assert "A share that is chosen by looking at a target is fitted on that target" in visible
    assert "no share is called best here" in visible
    assert "Wortsman et al. fixed 0.5 as a default" in visible
    assert "arXiv 2109.01903" in visible
    assert visible.count("best") == 1


def test_the_trade_off_is_of_the_target_that_lost_most(folder: Path, page: str) -> None:
    visible = _visible(_section(page, "interpolation"))
    assert re.search(
        r"(Names of concepts|Pictures from names) has the largest mean gain over the arms at any share"
        r" \(\+[\d.]+ points\), Tatoeba sentences the largest mean loss at share 1 \(−[\d.]+",
        visible,
    )
    ways = [a for a in _alternatives(page) if a.startswith("Way of each arm from its start")]
    assert sum(a.count(" at 0.25") for a in ways) == 9
    drawn = list((folder / "plots").glob("interpolation-*-tatoeba*.svg"))
    assert drawn and ">0.25<" in drawn[0].read_text(encoding="utf-8")


def test_without_a_lost_target_there_is_no_trade_off(small: Path) -> None:
    write_paths(small, losing=False)
    section = path_section(RunFolder.read(small))
    assert section is not None
    assert section.trade_off.plots == ()
    assert section.trade_off.sentence == "No target lost at the end, in the mean over the arms."
    _change(
        small / INTERPOLATION_FILE, lambda entries: [e for e in entries if e["target"] == "names"]
    )
    text = _visible(write_report(small).read_text(encoding="utf-8"))
    assert "Only one target was measured on the way: there is no trade-off." in text


def test_without_a_gained_target_there_is_no_trade_off(small: Path) -> None:
    write_paths(small)

    def lose(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            if entry["share"]:
                entry.update(effect=-0.1, low=-0.2, high=-0.05, verdict="lower")

    _change(small / INTERPOLATION_FILE, lose)
    section = path_section(RunFolder.read(small))
    assert section is not None
    assert "lost at the end" in section.trade_off.sentence
    assert "no other target gained at any share" in section.trade_off.sentence


@pytest.mark.parametrize("content", [None, "[]"])
def test_a_run_that_interpolated_nothing_has_no_such_section(
    small: Path, content: str | None
) -> None:
    if content is not None:
        (small / INTERPOLATION_FILE).write_text(content)
    assert path_section(RunFolder.read(small)) is None
    assert "Between start and end" not in write_report(small).read_text(encoding="utf-8")


def test_what_a_path_must_not_hold(small: Path) -> None:
    write_paths(small)
    whole = (small / INTERPOLATION_FILE).read_text(encoding="utf-8")
    read = RunFolder.read(small)
    cases: list[tuple[Callable[[Any], Any], str]] = [
        (lambda e: e[1].update(effect=None), "share 0.25 lacks effect"),
        (lambda e: e[0].update(effect=0.1), "share 0 is its own start"),
        (lambda e: e[1].update(share=1.5), "less than or equal to 1"),
        (lambda e: e[1].update(verdict="best"), "verdict"),
        (lambda e: e.append(e[1]), "twice"),
    ]
    for change, message in cases:
        _change(small / INTERPOLATION_FILE, change)
        with pytest.raises(DataError, match=message):
            path_section(read)
        (small / INTERPOLATION_FILE).write_text(whole, encoding="utf-8")
    _change(small / INTERPOLATION_FILE, lambda e: e[1].update(arm="rwa"))
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        path_section(read)


def test_an_arm_may_have_other_shares_than_another(small: Path) -> None:
    write_paths(small)
    _change(
        small / INTERPOLATION_FILE,
        lambda entries: [e for e in entries if (e["arm"], e["share"]) != ("image", 0.25)],
    )
    rows = _cells(
        write_report(small).read_text(encoding="utf-8"), "Between start and end: Names.*?"
    )
    assert next(row for row in rows if row[0] == "image")[2] == "not measured"


def test_panels_hold_few_arms_and_keep_a_control_with_its_arm(tmp_path: Path) -> None:
    made = RunFolder.read(write_sample(tmp_path / "run", arms=16, languages=2, seeds=1, starts=2))
    arms = [arm for arm in made.run.arms if arm.stages]
    assert [panel.title for panel in panels(arms[:8], 8)] == [""]
    drawn = panels(arms, 8)
    assert [panel.title for panel in drawn] == [
        "embedded-mlm, 1 of 2",
        "embedded-mlm, 2 of 2",
        "embedded",
    ]
    assert sorted(a.name for panel in drawn for a in panel.arms) == sorted(a.name for a in arms)
    assert all(len(panel.arms) <= 8 for panel in drawn)
    first = [arm.name for arm in drawn[0].arms]
    assert first.index("image-shuffled") == first.index("image") + 1


# What the run left out


def test_arms_that_were_left_out_are_named_near_the_top(page: str) -> None:
    section = _section(page, "omitted")
    assert "nli-only" in section and "nli-lora" in section
    assert unescape(section).count(ERROR) == 2  # the whole message, line breaks and all
    assert page.index('<section id="omitted">') < page.index("declared before the run")
    assert '<li><a href="#omitted">Left out</a></li>' in page


def test_without_omissions_the_page_names_none(small: Path) -> None:
    text = write_report(small).read_text(encoding="utf-8")
    assert 'id="omitted"' not in text and "Left out" not in text
    _change(small / "run.json", lambda run: run.update(failed=[]))
    assert 'id="omitted"' not in write_report(small).read_text(encoding="utf-8")


def test_hostile_texts_of_training_are_escaped(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=8, languages=2, seeds=1)
    write_whole_sample(made, ATTACK)

    def rename(run: dict[str, Any]) -> None:
        stage = run["arms"][-1]["stages"][0]
        stage["tasks"][0]["task"] = stage["tasks"][0]["form"] = ATTACK
        stage["settings"] = {ATTACK: ATTACK, "lora": {ATTACK: ATTACK}}

    _change(made / "run.json", rename)
    text = write_report(made).read_text(encoding="utf-8")
    assert text.count("<script") == 1  # ours
    assert "&lt;script&gt;" in _section(text, "arms")
    assert "&lt;script&gt;" in _section(text, "omitted")
    card = card_text(RunFolder.read(made), TWO_TASKS)
    assert "<script" not in card


def test_the_whole_sample_gives_the_same_bytes(folder: Path, page: str) -> None:
    plots = {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}
    assert write_report(folder).read_text(encoding="utf-8") == page
    assert {path.name: path.read_bytes() for path in (folder / "plots").iterdir()} == plots


def test_inline_plots_follow_the_colours_of_the_page(page: str) -> None:
    inline = "".join(re.findall(r'<svg class="plot".*?</svg>', page, flags=re.DOTALL))
    assert not re.search(r"(?:fill|stroke): #[0-9a-f]{6}", inline)


def test_failures_alone_do_not_need_other_files(small: Path) -> None:
    write_failures(small, " &c.")
    assert "`data` &c." in _visible(write_report(small).read_text(encoding="utf-8"))


def test_a_run_with_all_of_it_makes_a_report(tmp_path: Path, xlm_folder: Path) -> None:
    mixture = {
        "tasks": [{"task": "name-alias", "weight": 0.6}, {"task": "gettext-mlm", "weight": 0.4}],
        "distillation": {"batch_size": 2, "texts": 8},
        "frozen_layers": 1,
        "keep_best": True,
    }
    study = small_study(
        xlm_folder,
        arms={
            "baseline": {},
            "mixed": {"stages": [mixture]},
            "plain": {"start": "plain"},
            "plain-text": {"start": "plain", "stages": [{"task": "name-alias"}]},
        },
        interpolate=[0.5],
        targets=[{"name": "names", "languages": ["de", "ar"]}],
        comparisons=[],
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    read, page = RunFolder.read(out), (out / "report.html").read_text(encoding="utf-8")
    assert read.baselines == ("baseline", "plain")
    rows = _cells(page, "Between start and end: .*?")
    assert rows[0] == ["Arm", "Share 0", "Share 0.5", "Share 1"]
    assert [row[0] for row in rows[1:]] == ["mixed", "plain-text"]
    stages = {row[0]: row[4] for row in _cells(page, "Arms")[1:]}
    assert "frozen layers 1; distillation (" in stages["mixed"]
    assert "batch size 2, texts 8" in stages["mixed"]
    assert re.search(r"The weights of updates? \d+( and \d+)? were kept", stages["mixed"])
    assert "Shares of the tasks" in page
    assert any(a.startswith("loss on distillation") for a in _alternatives(page))
