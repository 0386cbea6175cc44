"""What a report shows of sources of an effect, groups of languages, settings, ranks and starts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from report_sample import CONTROL_LIFTS, card_text, sample_arm, write_sample
from report_sources_sample import write_sources_sample
from small_study import SCRATCH, small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, UnknownNameError
from crosslift.metrics.table import described
from crosslift.reports.groups import group_section
from crosslift.reports.heat import heat_pairs
from crosslift.reports.html import write_report
from crosslift.reports.looks import looks_of
from crosslift.reports.score_tables import ScoreIndex, score_tables
from crosslift.reports.settings_paths import parsed, setting_paths
from crosslift.reports.short_answer import plain_answer
from crosslift.reports.sources import source_section
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.group_effect import GROUPS_FILE
from crosslift.results.run_folder import RunFolder
from crosslift.results.score_rows import CurvePoint
from crosslift.results.target_facts import TargetFacts
from crosslift.statistics import group_differences, paired_difference, strata_of
from crosslift.tasks.controls import CONTROLS

ATTACK = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_sources_sample(tmp_path_factory.mktemp("run") / "sample")
    write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(folder: Path) -> RunFolder:
    return RunFolder.read(folder)


def _visible(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _section(page: str, anchor: str) -> str:
    match = re.search(rf'<section id="{anchor}">.*?</section>', page, flags=re.DOTALL)
    assert match is not None, anchor
    return match.group()


def _alternatives(page: str) -> list[str]:
    return [unescape(label) for label in re.findall(r'role="img" aria-label="([^"]*)"', page)]


def _change(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    changed = change(content)
    path.write_text(json.dumps(content if changed is None else changed), encoding="utf-8")


# Where the effect comes from


def test_each_control_is_a_source_with_its_rest(run: RunFolder) -> None:
    section = source_section(run)
    assert section is not None
    (entry,) = section.arms
    assert entry.arm.name == "image"
    assert [table.target.name for table in entry.tables] == ["names", "tatoeba", "pictures"]
    rows = {row.source: row for row in entry.tables[0].rows}
    assert list(rows) == [
        "whole effect",
        "picture content",
        "text exposure",
        "training at all",
        "learned features",
        "labels",
        "detail of the pictures",
    ]
    assert rows["whole effect"].rest is None
    content, text = rows["picture content"], rows["text exposure"]
    assert content.rest is not None and text.rest is not None
    assert content.figure.pair == "image against image--shuffled-pictures"
    assert content.rest.pair == "image--shuffled-pictures against raw"
    assert text.figure.pair == "image--captions-only against raw"
    assert text.rest.pair == "image against image--captions-only"
    assert content.figure.sizes == "5,200 queries, 13 languages, 2 seeds"


def test_parts_are_the_verdicts_and_add_up(run: RunFolder) -> None:
    for attribution in run.run.attributions:
        target = run.target(attribution.target)
        assert len(attribution.parts) == len(CONTROL_LIFTS) == len(CONTROLS)
        for part in attribution.parts:
            assert part.named.effect + part.rest.effect == pytest.approx(attribution.whole.effect)
            for figure in (part.named, part.rest):
                verdict = run.comparison(figure.arm, figure.against, target)
                assert verdict is not None
                assert (figure.effect, figure.low, figure.high, figure.verdict) == (
                    verdict.effect,
                    verdict.low,
                    verdict.high,
                    verdict.verdict,
                )


def test_the_section_shows_sentence_figures_and_plots(
    folder: Path, page: str, run: RunFolder
) -> None:
    section = _section(page, "sources")
    section_text = _visible(section)
    for attribution in run.run.attributions:
        assert attribution.sentence.replace("`", "").split(" (")[0] in section_text
    assert "Captions alone lift 3" in section_text
    assert "not shown" in section_text
    assert "Of the gain of image , little survives." in section_text
    plots = [a for a in _alternatives(section) if "where the effect of image comes from" in a]
    assert len(plots) == 3
    assert "whole effect +" in plots[0] and "picture content +" in plots[0]
    assert re.search(r"labels \u22120\.02 \[.*\], not shown", plots[1])
    assert {f"source-image-{t}.svg" for t in ("names", "tatoeba", "pictures")} <= {
        path.name for path in (folder / "plots").iterdir()
    }
    assert page.count('<li><a href="#sources">Where the effect comes from</a></li>') == 2


def test_controls_without_attribution_keep_their_own_section(page: str, tmp_path: Path) -> None:
    section = _section(page, "controls")
    assert "image and its control image-shuffled" in section
    assert "image--captions-only" not in section
    made = write_sources_sample(tmp_path / "run", starts=1)
    _change(
        made / "run.json",
        lambda run: run.update(
            arms=[a for a in run["arms"] if a["name"] != "image-shuffled"], attributions=[]
        ),
    )
    for name, keep in (("verdicts.json", ("arm", "against")), ("examples.json", ())):
        _change(
            made / name,
            lambda rows, keep=keep: [
                row for row in rows if keep and "image-shuffled" not in {row[k] for k in keep}
            ],
        )
    for name in ("results.parquet", "curves.parquet"):
        table = pq.read_table(made / name)
        pq.write_table(table.filter(pc.field("arm") != "image-shuffled"), made / name)
    _change(made / GROUPS_FILE, lambda rows: [r for r in rows if r["arm"] != "image-shuffled"])
    text = write_report(made).read_text(encoding="utf-8")
    assert 'id="sources"' not in text
    assert "image and its control image--captions-only" in text


def test_the_answer_says_what_gains_come_from(run: RunFolder) -> None:
    answer = plain_answer(run)
    assert (
        "What image gains is shown to come from picture content on Pictures from names; " in answer
    )
    assert (
        "it is less than its lead over image--shuffled-pictures on Names of concepts, as that control "
        "does worse than the baseline: picture content is shown to help there, but as no share of the "
        "gain"
    ) in answer
    assert (
        "it is less than captions alone bring on Tatoeba sentences; it is less than its lead"
        in answer
    )
    lost = [
        a.model_copy(update={"whole": a.whole.model_copy(update={"verdict": "lower"})})
        for a in run.run.attributions
    ]
    facts = run.run.model_copy(update={"attributions": tuple(lost)})
    assert "What image gains is" not in plain_answer(replace(run, run=facts))


def test_automatic_controls_are_not_in_the_plots_of_effects(page: str) -> None:
    alternatives = [a for a in _alternatives(page) if "each arm against the baseline raw" in a]
    assert len(alternatives) == 3
    assert all("image-shuffled " in a and "image--" not in a for a in alternatives)
    assert "has the controls that the study names in one word." in _visible(page)


def test_kinds_of_controls_have_marks_of_their_own(run: RunFolder) -> None:
    looks = looks_of(run.run.arms)
    control_looks = [looks[f"image--{kind}"] for kind in CONTROL_LIFTS]
    assert {look.variable for look in control_looks} == {looks["image"].variable}
    assert all(look.hollow for look in control_looks)
    assert len({look.marker for look in [*control_looks, looks["image-shuffled"]]}) == 7
    assert looks["image"].marker not in {look.marker for look in control_looks[:4]}


def test_an_attribution_of_an_unknown_arm_is_refused(folder: Path, tmp_path: Path) -> None:
    made = write_sources_sample(tmp_path / "run", starts=1, seeds=1)
    _change(made / "run.json", lambda run: run["attributions"][0].update(arm="imgae"))
    with pytest.raises(UnknownNameError, match="unknown arm 'imgae'"):
        write_report(made)
    _change(made / "run.json", lambda run: run["attributions"][0].update(arm="image", parts=[]))
    with pytest.raises(DataError, match="parts"):
        write_report(made)


# Groups of languages


def test_group_differences_are_those_of_the_parts() -> None:
    random = np.random.default_rng(1)
    arm, control = random.random((3, 150, 4)), random.random((1, 150, 4))
    absent = random.random((150, 4)) < 0.3
    absent[:, 0] = False
    arm[:, absent] = control[:, absent] = np.nan
    strata = strata_of(~absent)
    whole, two, one = group_differences(arm, control, strata, [[0, 1, 2, 3], [1, 3], [2]])
    paired = paired_difference(arm, control, strata)
    for name in ("effect", "low", "high", "p"):
        assert getattr(whole, name) == pytest.approx(getattr(paired, name), abs=1e-12)
    assert (whole.items, whole.queries, whole.languages) == (150, paired.queries, 4)
    gaps = np.nanmean(arm - control, axis=1).mean(axis=0)
    assert two.effect == pytest.approx(gaps[[1, 3]].mean())
    assert one.effect == pytest.approx(gaps[2])
    assert (one.languages, one.queries) == (1, int((~absent[:, 2]).sum()))
    alone = paired_difference(
        arm[:, ~absent[:, 2]][:, :, [2]],
        control[:, ~absent[:, 2]][:, :, [2]],
        np.zeros(one.queries, int),
    )
    many = group_differences(arm, control, strata, [[2]])[0]
    assert many.high - many.low == pytest.approx(alone.high - alone.low, rel=1e-9)


@pytest.mark.parametrize("group", [[], [0, 0], [2], [-1]])
def test_groups_that_are_no_groups_are_refused(group: list[int]) -> None:
    cube = np.zeros((1, 4, 2))
    with pytest.raises(DataError, match=r"group 1 holds the languages"):
        group_differences(cube, cube, np.zeros(4, int), [[0], group])


def test_groups_by_family_and_script_for_each_start(page: str, run: RunFolder) -> None:
    section = group_section(run)
    assert section is not None
    keys = [(t.grouping, t.baseline) for t in section.targets[0].tables]
    assert keys == [("family", "raw"), ("script", "raw"), ("family", "e5"), ("script", "e5")]
    family = section.targets[0].tables[0]
    rows = {row.group: row for row in family.rows}
    assert (rows["Uralic"].size, rows["Uralic"].languages) == (3, "Estonian, Finnish, Hungarian")
    place = [arm.name for arm in family.arms].index("text")
    cell = rows["Uralic"].cells[place]
    assert cell is not None and cell.outcome == "higher" and cell.interval.startswith("[+")
    html = _section(page, "groups")
    assert "By script, start embedded, against e5" in _visible(html)
    tables = [table for target in section.targets for table in target.tables]
    folded = [f"{len(table.alone)} groups of one language" for table in tables if table.alone]
    assert len(family.alone) > 1 and all(row.size == 1 for row in family.alone)
    assert {row.group for row in (*family.several, *family.alone)} == set(rows)
    assert _visible(html).count("of one language") == len(folded) + 1  # and the section's head
    assert all(words in _visible(html) for words in folded)


def test_arms_of_one_table_have_the_same_languages(tmp_path: Path) -> None:
    made = write_sources_sample(tmp_path / "run", starts=1, seeds=1)
    _change(made / GROUPS_FILE, lambda rows: rows[0].update(languages=["xx"]))
    with pytest.raises(DataError, match="different languages of"):
        group_section(RunFolder.read(made))
    _change(made / GROUPS_FILE, lambda rows: rows[0].update(target="bucc"))
    with pytest.raises(UnknownNameError, match="unknown target 'bucc'"):
        group_section(RunFolder.read(made))
    (made / GROUPS_FILE).unlink()
    assert group_section(RunFolder.read(made)) is None


# Trade-offs, references, settings


def test_many_arms_are_numbered_and_starts_have_panels(folder: Path, page: str) -> None:
    crowded = (folder / "plots" / "trade-off-names-tatoeba-raw.svg").read_text(encoding="utf-8")
    words = re.findall(r">([^<>]+)</text>", crowded)
    arms = [word for word in words if re.match(r"\d+ +\S", word)]
    assert len(arms) == 15
    assert {str(number) for number in range(1, 15)} <= set(words)
    assert "start embedded-mlm" in words
    few = (folder / "plots" / "trade-off-names-tatoeba-e5.svg").read_text(encoding="utf-8")
    assert few.count(">e5-image<") == 2  # beside the mark and in the legend
    alternatives = [a for a in _alternatives(page) if a.startswith("Change against raw in points")]
    assert alternatives and all("e5-image" not in a for a in alternatives)


def test_references_of_another_start_are_separate(page: str, folder: Path) -> None:
    alternatives = [a for a in _alternatives(page) if "each arm against the baseline raw" in a]
    assert all("packaged +" in a for a in alternatives)
    assert all("packaged" not in a for a in _alternatives(page) if "against e5, in" in a)
    drawn = (folder / "plots" / "forest-names-raw.svg").read_text(encoding="utf-8")
    assert ">start embedded, for orientation<" in drawn


def test_names_with_a_value() -> None:
    assert parsed("image@4e-6") == ("image", 4e-6)
    assert parsed("image@4e-6--captions-only") == ("image--captions-only", 4e-6)
    assert parsed("image@0.5") == ("image", 0.5)
    for name in ("image", "image@", "image@high", "image@0", "image@1e400", "@3"):
        assert parsed(name) == (name, None)


def _arm(name: str, rate: float) -> ArmFacts:
    arm = sample_arm(name, "trained", None, 2)
    stage = arm.stages[0].model_copy(update={"learning_rate": rate})
    return arm.model_copy(update={"stages": (stage,)})


def _dev(arm: str, seed: int, update: int, value: float, metric: str) -> CurvePoint:
    return CurvePoint(arm, seed, 0, "nli", update, metric, value)


def test_the_value_is_chosen_on_dev_data_alone() -> None:
    arms = [_arm("a@2e-5", 2e-5), _arm("a@1e-6", 1e-6), _arm("alone@1", 1.0)]
    scores = {"a@2e-5": (0.5, 0.7), "a@1e-6": (0.9, 0.1)}
    points = [
        _dev(arm, seed, update, value if update == 9 else 0.99, "dev_accuracy")
        for arm, values in scores.items()
        for seed, value in zip((1, 2), values, strict=True)
        for update in (3, 9)
    ]
    (path,) = setting_paths(arms, points)
    assert [each.arm.name for each in path.points] == ["a@1e-6", "a@2e-5"]
    assert (path.stem, path.setting, path.chosen) == ("a", "learning rate", "a@2e-5")
    assert path.dev == "dev accuracy on nli"
    losses = [point._replace(metric="dev_loss") for point in points]
    assert setting_paths(arms, losses)[0].chosen == "a@1e-6"
    (path,) = setting_paths(arms, [p for p in points if p.arm == "a@2e-5"])
    assert path.chosen is None and path.dev == ""


def test_scores_over_the_value_are_drawn(page: str, folder: Path) -> None:
    section = _section(page, "settings")
    alternatives = [a for a in _alternatives(section) if "by learning rate" in a]
    assert len(alternatives) == 3
    assert re.search(r"text [\d.]+ at 1e-06, [\d.]+ at 4e-06", alternatives[0])
    assert alternatives[0].count("(best on dev)") == 1
    assert re.search(r"text@\S+ is the best arm of text on dev data", _visible(section))
    assert (folder / "plots" / "setting-learning-rate-names.svg").is_file()


# Not zero-shot, ranks, pictures that overlap


def test_what_is_not_zero_shot_is_marked_everywhere(page: str, run: RunFolder) -> None:
    arm = run.arm("image-de")
    assert not_zero_shot(arm) == "not zero-shot: captions in de, fr"
    assert not_zero_shot(run.arm("image")) == ""
    for anchor in ("scores", "languages", "groups", "arms"):
        assert not_zero_shot(arm) in _section(page, anchor), anchor
    assert not_zero_shot(arm) in page.partition("<section id=")[0]  # in the answer
    verdicts = [v for v in run.verdicts if v.family == "vs-baseline" and v.arm == "image-de"]
    answer = plain_answer(replace(run, verdicts=tuple(verdicts)))
    assert "higher: image-de (not zero-shot: captions in de, fr) on" in answer
    card = card_text(run, "image-de")
    assert "This encoder is not zero-shot: captions in de, fr." in card
    drawn = [a for a in re.findall(r">([^<]*)</text>", page) if "image-de" in a]
    assert drawn and all("not zero-shot" in text for text in drawn)


def test_labels_and_captions_are_distinguished() -> None:
    not_zero_shot_facts = {"zero_shot": False, "languages": ("de",)}
    arm = sample_arm("text", "trained", None, 1).model_copy(update=not_zero_shot_facts)
    assert not_zero_shot(arm) == "not zero-shot: labels in de"


def test_ranks_are_plain_numbers_and_lower_is_better(run: RunFolder, page: str) -> None:
    assert described("median_rank").score(12.5) == "12.5"
    assert described("mrr").score(0.125) == "12.5"
    assert described("median_rank").change(-2.0) == "\u22122.0"
    assert described("median_rank").is_better(-2.0) and not described("mrr").is_better(-0.2)
    index = ScoreIndex(run)
    table = score_tables(run, index)[2]
    place = [column.metric for column in table.other_columns].index("median_rank")
    row = next(row for row in table.other_rows if row.arm.name == "image")
    cell = row.cells[place][0]
    values = index.values("image", "pictures", "macro", table.target.protocol, "all", "median_rank")
    assert cell is not None and cell.value == f"{sum(values) / 2:.1f}"
    assert "median rank (lower is better)" in _section(page, "scores")


def test_heat_maps_colour_a_lower_rank_as_the_better(run: RunFolder) -> None:
    target = TargetFacts.model_validate(
        run.target("pictures").model_dump() | {"metric": "median_rank"}
    )
    facts = run.run.model_copy(update={"targets": (target,)})
    (pair,) = heat_pairs(replace(run, run=facts), ScoreIndex(run))
    assert pair.differences is not None
    place = [arm.name for arm in pair.differences.arms].index("image")
    row = pair.differences.groups[0].rows[0]
    assert row.cells[place].text.startswith("\u2212")  # fewer ranks
    assert row.cells[place].shade.startswith("p")
    assert pair.differences.low.startswith("+") and pair.differences.high.startswith("\u2212")
    assert float(pair.scores.low) > float(pair.scores.high)


def test_pictures_that_overlap_are_shown_apart(page: str, tmp_path: Path) -> None:
    section = _section(page, "overlap")
    texts, pictures = section.split("Test pictures that are among the training or dev pictures")
    assert "red-apple" in pictures and "red-apple" not in texts
    assert "not counted" not in pictures and ">Records<" not in pictures
    assert re.search(r"picture-name\s+pictures\s+2\s+7", _visible(pictures))
    made = write_sample(tmp_path / "run", arms=2, languages=2, seeds=1)
    assert "Test pictures that are among" not in write_report(made).read_text(encoding="utf-8")


def test_an_old_folder_is_read_with_defaults(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "run", arms=4, languages=2, seeds=1)
    run = json.loads((made / "run.json").read_text(encoding="utf-8"))
    for arm in run["arms"]:
        for name in ("control", "zero_shot", "languages", "fine_tune", "start_seeds", "prompt"):
            del arm[name]
    for name in ("gains", "attributions", "orientations", "failed", "checksums"):
        del run[name]
    (made / "run.json").write_text(json.dumps(run), encoding="utf-8")
    old = RunFolder.read(made)
    assert all(
        arm.control is None and arm.zero_shot and arm.languages == () for arm in old.run.arms
    )
    assert {row.kind for row in old.run.overlap} == {"texts"}
    assert source_section(old) is None


def test_hostile_texts_are_escaped_and_bytes_are_the_same(tmp_path: Path) -> None:
    made = write_sources_sample(tmp_path / "run", remark=ATTACK, starts=1, seeds=1)

    def spoil(run: dict[str, Any]) -> None:
        run["attributions"][0]["sentence"] += ATTACK
        run["attributions"][0]["parts"][0]["source"] = ATTACK
        run["overlap"][-1]["examples"][0]["train"] = ATTACK

    _change(made / "run.json", spoil)
    _change(made / GROUPS_FILE, lambda rows: [r | {"group": r["group"] + ATTACK} for r in rows])
    text = write_report(made).read_text(encoding="utf-8")
    assert text.count("<script") == 1  # ours
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert not re.search(
        r"(?:fill|stroke): #[0-9a-f]{6}", "".join(re.findall(r'<svg class="plot".*?</svg>', text))
    )
    assert write_report(made).read_text(encoding="utf-8") == text


# From a study to its report


def test_a_study_with_controls_says_where_its_effect_comes_from(
    tmp_path: Path, xlm_folder: Path
) -> None:
    study = small_study(
        xlm_folder,
        arms={
            "baseline": {},
            "image": {
                "stages": [{"task": "picture-name", **SCRATCH}],
                "controls": ["shuffled-pictures", "captions-only"],
            },
            "by-hand": {
                "control_of": "image",
                "stages": [{"task": "picture-name", **SCRATCH, "control": "shuffled-pictures"}],
            },
            "plain": {"start": "plain", "reference": True},
        },
        comparisons=[{"arm": "image", "against": "by-hand", "question": "Content?"}],
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    read = RunFolder.read(out)
    families = {(v.arm, v.against): v.family for v in read.verdicts}
    assert families == {
        ("image", "by-hand"): "declared",
        ("image", "baseline"): "vs-baseline",
        ("by-hand", "baseline"): "vs-baseline",
        ("image", "image--shuffled-pictures"): "controls",
        ("image--shuffled-pictures", "baseline"): "controls",
        ("image", "image--captions-only"): "controls",
        ("image--captions-only", "baseline"): "controls",
    }
    assert len(read.verdicts) == len({(v.arm, v.against, v.target) for v in read.verdicts})
    kinds = {arm.name: arm.control for arm in read.run.arms}
    assert kinds["by-hand"] == kinds["image--shuffled-pictures"] == "shuffled-pictures"
    assert read.arm("image").languages == ("en",)
    assert {a.target for a in read.run.attributions} == {"names", "gettext"}
    for attribution in read.run.attributions:
        assert [part.source for part in attribution.parts].count("picture content") == 2
        for part in attribution.parts:
            assert part.named.effect + part.rest.effect == pytest.approx(attribution.whole.effect)
    assert {(o.arm, o.against) for o in read.run.orientations} == {("plain", "baseline")}
    section = group_section(read)
    assert section is not None
    names = section.targets[0].tables[0]
    assert [(row.group, row.languages) for row in names.rows] == [
        ("Germanic", "German"),
        ("Semitic", "Arabic"),
    ]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Where the effect comes from" in page and "What the controls say" not in page
    assert "Each control of image alone, in sentences" in page
