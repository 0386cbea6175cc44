"""What a made-up run folder may hold of controls, groups of languages, values of a setting, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from report_sample import CONTROL_LIFTS, VALUES, outcome_of, sample_arm, write_sample

from crosslift.reports.language_names import family_of, script_of
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.effect_parts import Gain, Orientation
from crosslift.results.group_effect import GroupEffect, Grouping
from crosslift.results.overlap_facts import OverlapExample, OverlapFacts
from crosslift.results.result_record import read_json_file, write_json_file
from crosslift.results.run_facts import RunFacts
from crosslift.results.score_rows import Score, read_rows, table_of
from crosslift.results.target_facts import TargetFacts
from crosslift.results.verdict import Verdict
from crosslift.statistics.attribution import Controlled, attribute


def write_sources_sample(folder: Path, remark: str = "", starts: int = 2, seeds: int = 2) -> Path:
    """A run with every control of `image`, four learning rates, an arm that is not zero-shot,
    references of another start, groups of languages, and pictures that overlap; returns it.
    """
    more = [_control(kind, seeds) for kind in CONTROL_LIFTS]
    more += [_at_rate(value, seeds) for value in VALUES]
    german = sample_arm("image-de", "trained", None, seeds)
    more.append(german.model_copy(update={"zero_shot": False, "languages": ("en", "de", "fr")}))
    write_sample(folder, languages=25, seeds=seeds, remark=remark, starts=starts, more=more)
    _add_attributions(folder)
    _add_groups(folder)
    _add_ranks(folder)
    return folder


def _control(kind: str, seeds: int) -> ArmFacts:
    arm = sample_arm(f"image--{kind}", "control", "image", seeds)
    stage = arm.stages[0].model_copy(update={"settings": {}})
    return arm.model_copy(update={"stages": (stage,), "control": kind})


def _at_rate(value: str, seeds: int) -> ArmFacts:
    arm = sample_arm(f"text@{value}", "trained", None, seeds)
    stage = arm.stages[0].model_copy(update={"learning_rate": float(value)})
    return arm.model_copy(update={"stages": (stage,)})


def _add_attributions(folder: Path) -> None:
    run = read_json_file(folder / "run.json", RunFacts)
    verdicts = read_json_file(folder / "verdicts.json", tuple[Verdict, ...])
    by_pair = {(v.arm, v.against, v.target): v for v in verdicts}
    added = {
        "attributions": tuple(
            attribute(
                by_pair["image", "raw", target.name],
                [
                    Controlled(
                        kind,
                        by_pair["image", f"image--{kind}", target.name],
                        by_pair[f"image--{kind}", "raw", target.name],
                    )
                    for kind in CONTROL_LIFTS
                ],
            )
            for target in run.targets
        ),
        "gains": (
            Gain(
                arm="image",
                control="image--captions-only",
                target="names",
                sentence="Of the gain of `image`, little survives.",
            ),
        ),
        "orientations": tuple(
            Orientation(
                arm="packaged",
                against="raw",
                target=target,
                effect=effect,
                low=effect - 0.02,
                high=effect + 0.02,
                level=0.95,
                n_queries=5200,
                n_languages=13,
            )
            for target, effect in (("names", 0.151), ("tatoeba", 0.224), ("pictures", 0.005))
        ),
        "overlap": (
            *run.overlap,
            OverlapFacts(
                task="picture-name",
                target="pictures",
                kind="pictures",
                exact=2,
                near=7,
                examples=(OverlapExample(train="red-apple", test="1F34E", similarity=0.97),),
            ),
        ),
    }
    write_json_file(folder / "run.json", run.model_copy(update=added))


def _add_groups(folder: Path) -> None:
    run = read_json_file(folder / "run.json", RunFacts)
    rows = read_rows(folder / "results.parquet", Score)
    effects = []
    for target in run.targets:
        means = _means(rows, target)
        for arm in run.arms:
            if arm.baseline == arm.name:
                continue
            grouping: Grouping
            for grouping, of in (("family", family_of), ("script", script_of)):
                groups: dict[str, list[str]] = {}
                for code in target.languages:
                    groups.setdefault(of(code) or "", []).append(code)
                effects += [
                    _group(arm, target, grouping, name, tuple(codes), means)
                    for name, codes in groups.items()
                ]
    write_json_file(folder / "groups.json", effects)


def _means(rows: Sequence[Score], target: TargetFacts) -> dict[tuple[str, str], float]:
    wanted = (target.name, target.protocol, "all", target.metric)
    values: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if (row.target, row.protocol, row.subset, row.metric) == wanted:
            values.setdefault((row.arm, row.language), []).append(row.value)
    return {key: sum(held) / len(held) for key, held in values.items()}


def _group(
    arm: ArmFacts,
    target: TargetFacts,
    grouping: Grouping,
    name: str,
    codes: tuple[str, ...],
    means: dict[tuple[str, str], float],
) -> GroupEffect:
    gaps = [means[arm.name, code] - means[arm.baseline, code] for code in codes]
    effect, half = sum(gaps) / len(gaps), 0.04 / len(codes) ** 0.5
    return GroupEffect(
        arm=arm.name,
        against=arm.baseline,
        target=target.name,
        metric=target.metric,
        protocol=target.protocol,
        grouping=grouping,
        group=name,
        languages=codes,
        effect=effect,
        low=effect - half,
        high=effect + half,
        p=0.01,
        p_corrected=0.04,
        verdict=outcome_of(effect, half),
        n_queries=400 * len(codes),
        seeds=2,
    )


def _add_ranks(folder: Path) -> None:
    """A median rank beside every recall of the pictures."""
    rows = read_rows(folder / "results.parquet", Score)
    ranks = [
        row._replace(metric="median_rank", value=40.0 - 100 * row.value)
        for row in rows
        if row.target == "pictures" and row.metric == "recall_at_10"
    ]
    pq.write_table(table_of([*rows, *ranks], Score), folder / "results.parquet")
