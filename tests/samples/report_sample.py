"""A small made-up run folder in the format that `crosslift run` leaves."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from crosslift.encoders.origin import Origin
from crosslift.reports.model_card import ExportedWeights, card_of_arm
from crosslift.reports.model_card_text import model_card
from crosslift.results.arm_facts import ArmBudget, ArmFacts, Role, StageFacts, StageTask
from crosslift.results.example import ArmAnswer, Example
from crosslift.results.overlap_facts import OverlapExample, OverlapFacts
from crosslift.results.reading_sweep import ScoredReading, Sweep, SweepArm, SweepCurve, SweptReading
from crosslift.results.result_record import write_json_file
from crosslift.results.run_facts import RunFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.score_rows import CurvePoint, Score, table_of
from crosslift.results.step_facts import RunEnvironment, StepFacts
from crosslift.results.target_facts import Gap, TargetFacts
from crosslift.results.vector_diagnoses import (
    Diagnosis,
    DiagnosisOfArm,
    Hubness,
    Margins,
    SeparabilityOfArm,
)
from crosslift.results.verdict import Family, Outcome, Verdict

_LINE = (
    "ar bn de el es et eu fa fi fr he hi hu id it ja ka ko pt ru sw ta th tr zh af bg cs da eo"
    " gl hr hy is kk lt lv mk ml mr ms nl no pa pl ro sk sl sq sr sv te uk ur uz vi yi yo zu"
    " am az be br ca cy gu ha ig jv km kn ku ky lo mg mn my ne om or ps qu rw sd si so su tg"
    " tk tl tt ug xh ia gd ga fy"
)
CODES = tuple(_LINE.split())
STATION = {
    "ar": "أين محطة القطار؟",
    "he": "איפה תחנת הרכבת?",
    "fa": "ایستگاه قطار کجاست؟",
    "de": "Wo ist der Bahnhof?",
    "ru": "Где находится вокзал?",
    "ja": "駅はどこですか。",
}
APPLE = {
    "ar": "تفاحة حمراء",
    "he": "תפוח אדום",
    "fa": "سیب قرمز",
    "de": "roter Apfel",
    "ru": "красное яблоко",
}
PROTOCOLS = {
    "names": "crosslift/xx->en",
    "tatoeba": "crosslift/xx->en",
    "pictures": "crosslift/text->picture",
}
TITLES = {
    "names": "Names of concepts",
    "tatoeba": "Tatoeba sentences",
    "pictures": "Pictures from names",
}
BASES = {"names": 0.42, "tatoeba": 0.52, "pictures": 0.03}
LIFTS = {  # arm -> (names, tatoeba, pictures)
    "raw": (0.0, 0.0, 0.0),
    "text": (0.062, 0.094, 0.002),
    "image": (0.084, 0.061, 0.17),
    "image-shuffled": (-0.031, 0.057, 0.004),
    "image-locked": (0.0, 0.0, 0.14),
    "packaged": (0.151, 0.224, 0.005),
    "e5": (0.15, 0.22, 0.004),
    "e5-text": (0.2, 0.17, 0.003),
    "e5-image": (0.18, 0.19, 0.2),
    "e5-image-shuffled": (0.11, 0.2, 0.006),
}
CONTROL_LIFTS = {  # of `image`, each asked for in one word
    "shuffled-pictures": (-0.03, 0.056, 0.003),
    "captions-only": (0.05, 0.09, 0.002),
    "same-updates-no-task": (0.01, 0.04, 0.001),
    "random-features": (0.02, 0.05, 0.05),
    "placebo-labels": (-0.01, 0.06, 0.002),
    "same-kind-pictures": (0.02, 0.07, 0.002),
}
VALUES = ("1e-06", "4e-06", "2e-05", "1e-04")
OTHER_START: tuple[tuple[str, Role, str | None], ...] = (
    ("e5", "baseline", None),
    ("e5-text", "trained", None),
    ("e5-image", "trained", None),
    ("e5-image-shuffled", "control", "e5-image"),
)


def write_sample(
    folder: Path,
    arms: int = 6,
    languages: int = 25,
    seeds: int = 2,
    remark: str = "",
    starts: int = 1,
    more: list[ArmFacts] | None = None,
) -> Path:
    """Write the folder and return it; ``remark`` is put into every free text.

    With two starts, four arms more start from another encoder and are compared with its baseline.
    ``more`` are arms behind all others.
    """
    (folder / "pictures").mkdir(parents=True)
    chance = random.Random(7)
    named = _arms(arms, seeds, remark, starts) + (more or [])
    targets = _targets(languages, remark)
    rows = _results(named, targets, chance)
    _write_results(folder, rows)
    _write_outcomes(folder)
    pq.write_table(table_of(_curves(named, chance), CurvePoint), folder / "curves.parquet")
    macro = [row for row in rows if (row.language, row.subset) == ("macro", "all")]
    write_json_file(folder / "verdicts.json", _verdicts(macro, named, targets, chance, remark))
    write_json_file(folder / "examples.json", _examples(folder, named, remark))
    write_json_file(folder / "run.json", _run(named, targets, remark))
    return folder


def write_vector_files(folder: Path, remark: str = "") -> None:
    """Add the optional files about vectors to a sample: ``diagnostics.json``, ``sweep.json``."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    chance = random.Random(11)
    bitexts = [target for target in run["targets"] if target["kind"] == "bitext"]
    rows = [
        row
        for arm in run["arms"]
        for seed in arm["seeds"]
        for target in bitexts
        for row in _diagnoses(arm["name"], seed, target, chance)
    ]
    write_json_file(folder / "diagnostics.json", rows)
    shown = run["arms"][:3]
    arms = [_sweep_arm(arm["name"], seed, chance) for arm in shown for seed in arm["seeds"]]
    sweep = Sweep(
        target="tatoeba",
        metric="top1_accuracy",
        chosen_on="the first 200 pairs of each language" + remark,
        reported_on="all other pairs" + remark,
        arms=arms,
    )
    write_json_file(folder / "sweep.json", sweep)


def _diagnoses(
    arm: str, seed: int, target: dict[str, Any], chance: random.Random
) -> list[DiagnosisOfArm | SeparabilityOfArm]:
    key = {"arm": arm, "seed": seed, "target": target["name"]}
    lift = LIFTS.get(arm, (0.0, 0.05, 0.0))[0 if target["name"] == "names" else 1]
    rows = [
        DiagnosisOfArm.of(_diagnosis(code, lift + chance.uniform(-0.03, 0.03)), **key)
        for code in target["languages"]
    ]
    return [*rows, SeparabilityOfArm(separability=0.93 - 2 * lift, **key)]


def _diagnosis(code: str, lift: float) -> Diagnosis:
    middle = lift - 0.02
    margins = Margins(
        quantiles=[middle + step for step in (-0.16, -0.05, 0.0, 0.06, 0.15)],
        above_zero=0.4 + lift,
    )
    hubness = Hubness(skewness=2.4 - 6 * lift, never_retrieved=0.31 - lift)
    return Diagnosis(
        language=code,
        n_pairs=400,
        mean_cosine_src=0.82 - 2 * lift,
        mean_cosine_tgt=0.80 - 2 * lift,
        iso_score_src=0.08 + lift,
        iso_score_tgt=0.09 + lift,
        probe_accuracy=0.97 - lift,
        hubness_src_to_tgt=hubness,
        hubness_tgt_to_src=hubness,
        margins_src_to_tgt=margins,
        margins_tgt_to_src=margins,
        alignment=0.3,
        notes=(),
    )


def _sweep_arm(arm: str, seed: int, chance: random.Random) -> SweepArm:
    states = list(range(13))
    curves = []
    for pooling, level in (("mean", 0.42), ("cls", 0.25), ("max", 0.31)):
        dev = [
            level + 0.3 * math.exp(-(((state - 8) / 3.5) ** 2)) + chance.uniform(-0.01, 0.01)
            for state in states
        ]
        rest = [value - 0.02 + chance.uniform(-0.01, 0.01) for value in dev]
        curves.append(SweepCurve(pooling=pooling, hidden_states=states, dev=dev, rest=rest))
    dev, rest = curves[0].dev, curves[0].rest
    best = max(states, key=lambda state: dev[state])
    return SweepArm(
        arm=arm,
        seed=seed,
        curves=curves,
        chosen=SweptReading(hidden_state=best, pooling="mean"),
        score=rest[best],
        default=ScoredReading(hidden_state=12, pooling="mean", score=rest[12]),
    )


def _arms(number: int, seeds: int, remark: str, starts: int) -> list[ArmFacts]:
    known: list[tuple[str, Role, str | None]] = [
        ("raw", "baseline", None),
        ("text", "trained", None),
        ("image", "trained", None),
        ("image-shuffled", "control", "image"),
        ("image-locked", "trained", None),
        ("packaged", "reference", None),
    ]
    known += [(f"text-image mix, share {i}0 per cent", "trained", None) for i in range(number - 6)]
    made = [sample_arm(*entry, seeds=seeds, remark=remark) for entry in known[:number]]
    other = {"baseline": "e5", "start": "embedded", "encoder": "embedded"}
    for name, role, control_of in OTHER_START if starts == 2 else ():
        arm = sample_arm(name, role, control_of, seeds, remark)
        made.append(arm.model_copy(update=other))
    return made


def sample_arm(
    name: str, role: Role, control_of: str | None, seeds: int, remark: str = ""
) -> ArmFacts:
    """An arm; its task follows from its name."""
    trained = role in ("trained", "control")
    task = "name-alias" if name.startswith("text") else "picture-name"
    settings: dict[str, Any] = {"text_side": "locked"} if name == "image-locked" else {}
    if role == "control":
        settings["shuffle_pictures"] = True
    form = "text pairs" if task == "name-alias" else "image-text"
    stage = sample_stage([sample_task(task, form, 12800, 1.0)], settings)
    budget = ArmBudget(
        updates=100.0,
        examples=12800.0,
        tokens=98213.0 if task == "name-alias" else 91877.0,
        flops=1.93e13,
        seconds=311.4,
    )
    untrained = ArmBudget(updates=0.0, examples=0.0, tokens=0.0, flops=0.0, seconds=0.0)
    return ArmFacts(
        name=name,
        role=role,
        baseline=name if role == "reference" else "raw",
        control_of=control_of,
        description=f"{role.capitalize()} arm on {task}." + remark
        if trained
        else "As it starts." + remark,
        encoder="embedded" if role == "reference" else "embedded-mlm",
        start="embedded" if role == "reference" else "embedded-mlm",
        seeds=tuple(range(1, seeds + 1)) if trained else (0,),
        stages=(stage,) if trained else (),
        budget=budget if trained else untrained,
    )


def sample_task(name: str, form: str, examples: int, share: float, **left_out: int) -> StageTask:
    """A task of a stage; ``left_out`` are its reasons, with underscores for spaces."""
    return StageTask(
        task=name,
        form=form,
        examples=examples,
        share=share,
        train=1514,
        dev=400,
        rows=1514,
        left_out={reason.replace("_", " "): count for reason, count in left_out.items()},
    )


def sample_stage(tasks: Sequence[StageTask], settings: dict[str, Any], *kept: int) -> StageFacts:
    """A stage; ``kept`` are the updates whose weights were kept."""
    return StageFacts(
        tasks=tuple(tasks),
        updates=100,
        batch_size=128,
        learning_rate=2e-5,
        settings=settings,
        kept_updates=kept,
    )


def _targets(languages: int, remark: str) -> list[TargetFacts]:
    spans = {"names": 13, "tatoeba": languages, "pictures": 13}
    gaps = {
        "names": [("yo", "no names of this language" + remark)],
        "tatoeba": [("zu", "file missing" + remark)],
    }
    return [
        TargetFacts(
            name=name,
            title=TITLES[name] + remark,
            metric="recall_at_10" if name == "pictures" else "top1_accuracy",
            protocol=PROTOCOLS[name],
            languages=tuple(code for code in CODES if code not in ("yo", "zu"))[:span],
            gaps=tuple(Gap(language=code, reason=why) for code, why in gaps.get(name, [])),
            kind="pictures" if name == "pictures" else "bitext",
            texts="words" if name == "names" else "sentences",
        )
        for name, span in spans.items()
    ]


def _results(
    arms: list[ArmFacts], targets: list[TargetFacts], chance: random.Random
) -> list[Score]:
    rows = []
    for arm in arms:
        lifts = LIFTS.get(arm.name) or CONTROL_LIFTS.get(arm.control or "")
        lifts = lifts or tuple(chance.uniform(-0.05, 0.15) for _ in range(3))
        for seed in arm.seeds:
            for place, target in enumerate(targets):
                for subset in ("all", "clean"):
                    rows.extend(_target_rows(arm.name, seed, target, subset, lifts[place], chance))
    return rows


def _target_rows(
    arm: str, seed: int, target: TargetFacts, subset: str, lift: float, chance: random.Random
) -> list[Score]:
    metrics = {"top1_accuracy": 0.0, "mrr": 0.06, "recall_at_5": 0.12, "recall_at_10": 0.17}
    protocols = [target.protocol]
    if target.name == "tatoeba":
        protocols.append("xtreme/en->xx")
    rows = []
    for protocol in protocols:
        for metric, above in metrics.items():
            row = partial(
                Score,
                study="pictures-or-text",
                arm=arm,
                seed=seed,
                target=target.name,
                protocol=protocol,
                step_key="9f3c21aa70",
                subset=subset,
                metric=metric,
            )
            values = []
            for code in target.languages:
                level = BASES[target.name] + (sum(map(ord, code)) % 23 - 11) * 0.018
                noise = chance.uniform(-0.02, 0.02)
                value = min(
                    max(level + above + lift * (0.6 + (ord(code[0]) % 7) / 7) + noise, 0.0), 1.0
                )
                values.append(value)
                rows.append(row(language=code, value=value, n=400))
            mean = sum(values) / len(values)
            rows.append(row(language="macro", value=mean, n=400 * len(values)))
    return rows


def _write_results(folder: Path, rows: list[Score]) -> None:
    pq.write_table(table_of(rows, Score), folder / "results.parquet")
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Score._fields)
        writer.writerows(rows)


def _write_outcomes(folder: Path) -> None:
    row = {
        "study": "pictures-or-text",
        "arm": "raw",
        "seed": 0,
        "target": "names",
        "language": "de",
    }
    row |= {"protocol": "crosslift/xx->en", "item": "1F34E", "clean": True, "retrieved": "1F34E"}
    row |= {"top1_accuracy": 1.0, "reciprocal_rank": 1.0, "recall_at_5": 1.0, "recall_at_10": 1.0}
    table = pa.Table.from_pylist([row | {"step_key": "9f3c21aa70"}])
    pq.write_table(table, folder / "outcomes.parquet")


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _curves(arms: list[ArmFacts], chance: random.Random) -> list[CurvePoint]:
    return [
        point
        for arm in arms
        for stage in arm.stages
        for seed in arm.seeds
        for point in _curve(arm.name, seed, stage.tasks[0].task, chance)
    ]


def _curve(arm: str, seed: int, task: str, chance: random.Random) -> list[CurvePoint]:
    floor = 3.9 if arm == "image-shuffled" else 1.1 + len(arm) * 0.05
    points = []
    for update in range(1, 101):
        loss = floor + (4.85 - floor) * math.exp(-update / 25) + chance.uniform(-0.12, 0.12)
        points.append(CurvePoint(arm, seed, 0, task, update, "loss", loss))
        if update % 20 == 0:
            dev = 0.6 * (1 - math.exp(-update / 40)) / floor + chance.uniform(-0.01, 0.01)
            points.append(CurvePoint(arm, seed, 0, task, update, "dev_top1_accuracy", dev))
    return points


def _verdicts(
    rows: list[Score],
    arms: list[ArmFacts],
    targets: list[TargetFacts],
    chance: random.Random,
    remark: str,
) -> list[Verdict]:
    questions = {
        ("image", "text"): "Do pictures help more than text?",
        ("image", "image-shuffled"): "Does the content of the pictures matter?",
    }
    names = [arm.name for arm in arms]
    pairs: list[tuple[tuple[str, str], Family, str | None]] = [
        (pair, "declared", question + remark)
        for pair, question in questions.items()
        if set(pair) <= set(names)
    ]
    pairs += [
        ((arm.name, arm.baseline), "vs-baseline", None)
        for arm in arms
        if arm.name != arm.baseline and not arm.control
    ]
    for arm in arms:
        if arm.control and arm.control_of:
            pairs.append(((arm.control_of, arm.name), "controls", None))
            pairs.append(((arm.name, arm.baseline), "controls", None))
    return [
        _verdict(rows, pair, target, family, question, chance, remark)
        for pair, family, question in pairs
        for target in targets
    ]


def _macro(rows: list[Score], arm: str, target: TargetFacts) -> float:
    wanted = (arm, target.name, "macro", target.protocol, "all", target.metric)
    values = [
        row.value
        for row in rows
        if (row.arm, row.target, row.language, row.protocol, row.subset, row.metric) == wanted
    ]
    return sum(values) / len(values)


def outcome_of(effect: float, half: float) -> Outcome:
    """The outcome of an effect whose interval reaches ``half`` to each side."""
    if effect > half:
        return "higher"
    return "lower" if effect < -half else "inconclusive"


def _verdict(
    rows: list[Score],
    pair: tuple[str, str],
    target: TargetFacts,
    family: Family,
    question: str | None,
    chance: random.Random,
    remark: str,
) -> Verdict:
    effect = _macro(rows, pair[0], target) - _macro(rows, pair[1], target)
    half = chance.uniform(0.009, 0.02)
    outcome = outcome_of(effect, half)
    equal = pair[1] != "text"
    shown = (
        f"{effect * 100:+.1f} points [{(effect - half) * 100:+.1f}, {(effect + half) * 100:+.1f}]"
    )
    return Verdict(
        arm=pair[0],
        against=pair[1],
        target=target.name,
        protocol=target.protocol,
        metric=target.metric,
        subset="all",
        question=question,
        family=family,
        effect=effect,
        low=effect - half,
        high=effect + half,
        level=0.95,
        p=0.001 if outcome != "inconclusive" else 0.4,
        p_corrected=0.004 if outcome != "inconclusive" else 0.9,
        n_queries=400 * len(target.languages),
        n_languages=len(target.languages),
        seeds=2,
        verdict=outcome,
        budget_equal=equal,
        budget_note="" if equal else "91,877 tokens against 98,213",
        sentence=f"{pair[0]} against {pair[1]} on {target.title}: {shown}, {outcome}." + remark,
    )


def _picture(folder: Path, name: str, colour: str) -> str:
    picture = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(picture).ellipse((14, 14, 82, 82), fill=colour)
    picture.save(folder / "pictures" / f"{name}.png")
    return f"pictures/{name}.png"


def _examples(folder: Path, arms: list[ArmFacts], remark: str) -> list[Example]:
    apple, leaf = _picture(folder, "apple", "#c22"), _picture(folder, "leaf", "#282")
    shown = [arm.name for arm in arms]
    sentences = [
        _example(
            "tatoeba",
            code,
            text + remark,
            ("Where is the station?" + remark, None),
            [
                (
                    name,
                    (
                        "Where is the station?"
                        if (place + len(code)) % 3
                        else "When does the train leave?"
                    )
                    + remark,
                    None,
                )
                for place, name in enumerate(shown)
            ],
        )
        for code, text in STATION.items()
    ]
    names = [
        _example(
            "pictures",
            code,
            text + remark,
            (None, apple),
            [(name, None, apple if place % 2 else leaf) for place, name in enumerate(shown)],
        )
        for code, text in APPLE.items()
    ]
    return sentences + names


def _example(
    target: str,
    code: str,
    query: str,
    gold: tuple[str | None, str | None],
    answers: list[tuple[str, str | None, str | None]],
) -> Example:
    return Example(
        target=target,
        language=code,
        protocol=PROTOCOLS[target],
        query_text=query,
        query_picture=None,
        gold_text=gold[0],
        gold_picture=gold[1],
        answers=tuple(
            ArmAnswer(arm=arm, text=text, picture=picture, correct=(text, picture) == gold)
            for arm, text, picture in answers
        ),
    )


def _run(arms: list[ArmFacts], targets: list[TargetFacts], remark: str) -> RunFacts:
    common = {"similarity": "cosine", "pooling": "mean", "prompt": "query: ", "hidden_state": 12}
    steps = tuple(_steps(arms))
    facts = {"python": "3.11.9", "torch": "2.9.0", "processor": "2 cores", "accelerator": "none"}
    names = tuple(arm.name for arm in arms)
    close = OverlapExample(train="red apple" + remark, test="a red apple", similarity=0.94)
    return RunFacts(
        study="pictures-or-text",
        question="Does training on pictures help retrieval across languages,"
        " and is it the pictures?" + remark,
        created="2026-03-02T09:30:00+00:00",
        version="0.1.0",
        baseline="raw",
        arms=tuple(arms),
        targets=tuple(targets),
        protocols={
            "crosslift/xx->en": {"direction": "xx->en", **common},
            "crosslift/text->picture": {"direction": "text->picture", **common},
            "xtreme/en->xx": {"direction": "en->xx", "ties": "first candidate", **common},
        },
        environments=(RunEnvironment(facts=facts, steps=len(steps), arms=names),),
        written_in=0,
        differing=(),
        store="runs/store",
        steps=steps,
        overlap=tuple(
            OverlapFacts(
                task=task,
                target=target,
                records=12800,
                items=400,
                exact=exact,
                near=exact * 2,
                examples=(close,) if exact else (),
            )
            for task in ("name-alias", "picture-name")
            for target, exact in (("names", 3), ("tatoeba", 0))
        ),
    )


def _steps(arms: list[ArmFacts]) -> list[StepFacts]:
    steps: list[StepFacts] = []
    for arm in arms:
        for seed in arm.seeds:
            for kind, seconds in (("train", 311.4), ("encode", 22.0), ("evaluate", 0.8)):
                if kind == "train" and not arm.stages:
                    continue
                steps.append(
                    StepFacts(
                        key=f"{len(steps):04x}9f3c21",
                        kind=kind,
                        label=arm.name,
                        arm=arm.name,
                        seed=seed,
                        seconds=seconds,
                        peak_bytes=1_900_000_000 if kind == "train" else None,
                        reused=kind == "evaluate",
                        environments=(0,),
                    )
                )
    return steps


ORIGIN = Origin("someone/encoder", "mit", "Pictures: CC BY-SA 4.0 | see <NOTICE>.")


def exported(**changes: Any) -> ExportedWeights:
    """What was exported of an arm."""
    facts: dict[str, Any] = {
        "name": "my-encoder",
        "place": "path/to/this/folder",
        "seed": 1,
        "prompt": "",
        "max_tokens": 512,
        "precision": "float32",
        "origin": ORIGIN,
    }
    return ExportedWeights(**(facts | changes))


def card_text(run: RunFolder, arm: str, **changes: Any) -> str:
    """The model card of an arm."""
    return model_card(card_of_arm(run, arm, exported(**changes)))
