"""What a made-up run folder may hold of training: mixtures, guards, paths of weights, failures."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from report_sample import sample_stage, sample_task

from crosslift.results.arm_facts import ArmFacts, Failure
from crosslift.results.result_record import read_json_file, write_json_file
from crosslift.results.run_facts import RunFacts
from crosslift.results.score_rows import CurvePoint, read_rows, table_of
from crosslift.results.weight_paths import PathPoint

NINE = (
    ("nli", "classification"),
    ("squad-v2-and-more", "span-qa"),
    ("hellaswag", "multiple-choice"),
    ("commonsense-qa", "multiple-choice"),
    ("cosmos-qa", "multiple-choice"),
    ("ccg", "tagging"),
    ("paraphrases", "text-pairs"),
    ("gettext-mlm", "masked-lm"),
    ("picture-name", "image-text"),
)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
ERROR = (
    "no training record in the folder mnli (1,204 no gold label)\n  expected: the published files\n"
    "  next: download them, or name their folder as `data`"
)
UPDATES = 200


def write_mixtures(folder: Path, remark: str = "") -> None:
    """Turn two arms, of eight or more, into mixtures: one of nine tasks, one of two with a guard, whose
    shares change, before a stage of one task.
    """
    run = read_json_file(folder / "run.json", RunFacts)
    nine, two = [arm for arm in run.arms if "mix" in arm.name][:2]
    tasks = [sample_task(name, form, 2844, 1 / 9) for name, form in NINE]
    left_out = {"no gold label" + remark: 1204, "es: nothing came out": 31}
    tasks[0] = tasks[0].model_copy(update={"left_out": left_out})
    lora = {"lora": {"rank": 8, "alpha": 16.0}, "mixing": {"sampling": "uniform"}}
    pair = [sample_task("nli", "classification", 15360, 0.6)]
    pair.append(sample_task("gettext-mlm", "masked-lm", 10240, 0.4))
    guards = {"l2_sp": 0.01, "frozen_layers": 6, "distillation": {}}
    last = sample_stage([sample_task("name-alias", "text pairs", 12800, 1.0)], {}, 40, 40)
    stages = {
        nine.name: (sample_stage(tasks, {**lora, "accumulation": 4}, 80, 60),),
        two.name: (sample_stage(pair, guards), last, sample_stage(last.tasks, {})),
    }
    arms = tuple(
        arm.model_copy(update={"stages": stages.get(arm.name, arm.stages)}) for arm in run.arms
    )
    write_json_file(folder / "run.json", run.model_copy(update={"arms": arms}))
    _replace_curves(folder, nine, two)


def _replace_curves(folder: Path, nine: ArmFacts, two: ArmFacts) -> None:
    chance = random.Random(3)
    path = folder / "curves.parquet"
    points = [p for p in read_rows(path, CurvePoint) if p.arm not in (nine.name, two.name)]
    for seed in nine.seeds:
        names = [name for name, _ in NINE]
        points += _mixed(nine.name, seed, names, lambda _: [1 / 9] * 9, chance, True)
        points += _mixed(two.name, seed, ["nli", "gettext-mlm"], _falling, chance, False)
        for update in range(1, UPDATES + 1):
            guard = 0.2 * (1 - math.exp(-update / 20))
            points.append(CurvePoint(two.name, seed, 0, "distillation", update, "loss", guard))
        for stage in (1, 2):
            for update in range(1, UPDATES + 1):
                loss = 3 / stage * math.exp(-update / 90) + chance.uniform(-0.1, 0.1)
                points.append(CurvePoint(two.name, seed, stage, "name-alias", update, "loss", loss))
    pq.write_table(table_of(points, CurvePoint), path)


def _falling(spent: float) -> list[float]:
    return [1 - 0.8 * spent, 0.8 * spent]


def _mixed(
    arm: str,
    seed: int,
    tasks: list[str],
    weights: Callable[[float], list[float]],
    chance: random.Random,
    one_task: bool,
) -> list[CurvePoint]:
    points = []
    for update in range(1, UPDATES + 1):
        shares = weights(update / UPDATES)
        drawn = chance.choices(range(len(tasks)), shares)[0]
        for place, task in enumerate(tasks):
            point = partial(CurvePoint, arm, seed, 0, task, update)
            share = float(place == drawn) if one_task else shares[place]
            points.append(point("share", share))
            if share:
                loss = 1 + place / 4 + math.exp(-update / 40) + chance.uniform(-0.2, 0.2)
                points.append(point("loss", loss))
            if update % 50 == 0:
                points.append(point("dev_accuracy", 0.5 + update / 800))
    return points


def write_paths(folder: Path, shares: tuple[float, ...] = SHARES, losing: bool = True) -> None:
    """Add ``interpolation.json`` of every trained arm; ``losing``: Tatoeba falls near the end."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    chance = random.Random(13)
    points = [
        _path_point(arm, target, share, gain, losing)
        for arm in run["arms"]
        if arm["stages"]
        for target in run["targets"]
        for gain in [chance.uniform(0.02, 0.12)]
        for share in shares
    ]
    write_json_file(folder / "interpolation.json", points)


def _path_point(
    arm: dict[str, Any], target: dict[str, Any], share: float, gain: float, losing: bool
) -> PathPoint:
    bend = 1.6 if losing and target["name"] == "tatoeba" else 0.4
    effect = gain * 2 * share * (1 - bend * share)
    half = 0.006 + 0.012 * share
    score = 0.45 + effect
    point = {"arm": arm["name"], "target": target["name"], "metric": target["metric"]}
    point |= {"protocol": target["protocol"], "share": share, "score": score}
    if share == 0:
        empty = dict.fromkeys(("effect", "low", "high", "p", "p_corrected", "verdict"))
        return PathPoint(**point, **empty, seeds=(score,))
    outcome = "higher" if effect > half else "lower" if effect < -half else "inconclusive"
    found = {"effect": effect, "low": effect - half, "high": effect + half, "verdict": outcome}
    sure = outcome != "inconclusive"
    found |= {"p": 0.001 if sure else 0.3, "p_corrected": 0.01 if sure else 1.0}
    return PathPoint(**point, **found, seeds=(score,) * len(arm["seeds"]))


def write_failures(folder: Path, remark: str = "") -> None:
    """Add two arms that the run left out."""
    run = read_json_file(folder / "run.json", RunFacts)
    failed = tuple(Failure(arm=name, error=ERROR + remark) for name in ("nli-only", "nli-lora"))
    write_json_file(folder / "run.json", run.model_copy(update={"failed": failed}))


def write_whole_sample(folder: Path, remark: str = "") -> Path:
    """Everything at once, on a folder of ``write_sample`` with two starts or one; returns it."""
    write_mixtures(folder, remark)
    write_paths(folder)
    write_failures(folder, remark)
    return folder


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
