"""A made-up target of mining, added to the sample of a run folder."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.results.mined_languages import MinedByArm, MiningScore
from crosslift.results.result_record import write_json_file

OWN = "crosslift/mining"
LANGUAGES = ("de", "fr", "zh")
PROTOCOLS: dict[str, dict[str, Any]] = {
    OWN: {"name": "crosslift", "metric": "mining_f1", "threshold_source": "dev"},
    "xtreme/mining": {"name": "xtreme", "metric": "mining_f1", "threshold_source": "dev"},
    "laser/mining": {"name": "laser", "metric": "mining_f1", "threshold_source": "training"},
    "mteb/gold->en": {"name": "mteb", "metric": "weighted_f1", "threshold_source": None},
}
SCALES = {OWN: 1.0, "xtreme/mining": 0.9, "laser/mining": 0.97}
LIFTS = {"raw": 0.0, "text": 0.09, "image": 0.05, "image-shuffled": 0.03, "packaged": 0.2}
GOLD = 400


def write_mining_files(folder: Path, remark: str = "") -> None:
    """Add a target ``bucc`` to a sample: its scores, verdicts, ``mining.json``.

    The arm ``image-locked`` has no scores on it, as one with post-processed vectors would.
    """
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["targets"].append(_target(remark))
    run["protocols"] |= {
        name: {"direction": name.partition("/")[2], "pooling": "mean", **facts}
        for name, facts in PROTOCOLS.items()
    }
    arms = [arm for arm in run["arms"] if arm["name"] in LIFTS]
    chance = random.Random(5)
    mined = [
        _entry(arm["name"], seed, language, protocol, chance)
        for arm in arms
        for seed in arm["seeds"]
        for language in LANGUAGES
        for protocol in SCALES
    ]
    write_json_file(folder / "mining.json", mined)
    _write_json(folder / "run.json", run)
    _add_results(folder, [row for entry in mined for row in _rows(entry)] + _asked(arms))
    _add_verdicts(folder, [arm["name"] for arm in arms if arm["name"] != arm["baseline"]])


def _target(remark: str) -> dict[str, Any]:
    return {
        "name": "bucc",
        "title": "BUCC mining" + remark,
        "metric": "mining_f1",
        "protocol": OWN,
        "languages": list(LANGUAGES),
        "gaps": [{"language": "ru", "reason": "no files in bucc" + remark}],
        "kind": "mining",
    }


def _entry(arm: str, seed: int, language: str, protocol: str, chance: random.Random) -> MinedByArm:
    best = (0.5 + LIFTS[arm] + chance.uniform(-0.02, 0.02)) * SCALES[protocol]
    curve = [_point(place / 60, best) for place in range(1, 61)]
    cut = min(curve, key=lambda point: abs(point[2] - best))
    halves = arm == "raw"
    return MinedByArm(
        arm=arm,
        seed=seed,
        target="bucc",
        language=language,
        protocol=protocol,
        scored_on="dev" if halves else "test",
        threshold_source="the other half of dev, by src text" if halves else "dev",
        thresholds=(cut[0], cut[0] + 0.01) if halves else (cut[0],),
        score=_score(cut[1], cut[2], None if halves else cut[0]),
        oracle=_score(min(cut[1] + 0.02, 1.0), cut[2], cut[0] - 0.002),
        curve=curve,
    )


def _point(recall: float, best: float) -> tuple[float, float, float]:
    """Threshold, precision, recall: precision falls where recall goes beyond the best."""
    return 1.3 - recall / 4, 1 / (1 + math.exp(14 * (recall - best - 0.12))), recall


def _score(precision: float, recall: float, threshold: float | None) -> MiningScore:
    correct = round(recall * GOLD)
    mined = max(round(correct / precision), 1)
    return MiningScore(
        precision=correct / mined,
        recall=correct / GOLD,
        mining_f1=2 * correct / (mined + GOLD),
        mined=mined,
        correct=correct,
        gold=GOLD,
        threshold=threshold,
    )


def _rows(entry: MinedByArm) -> list[dict[str, Any]]:
    facts = {name: getattr(entry, name) for name in ("arm", "seed", "language", "protocol")}
    values = {
        "mining_f1": entry.score.mining_f1,
        "mining_precision": entry.score.precision,
        "mining_recall": entry.score.recall,
        "oracle_mining_f1": entry.oracle.mining_f1,
    }
    return [facts | {"metric": metric, "value": value} for metric, value in values.items()]


def _asked(arms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"arm": arm["name"], "seed": seed, "language": language, "protocol": "mteb/gold->en"}
        | {"metric": "weighted_f1", "value": 0.7 + LIFTS[arm["name"]]}
        for arm in arms
        for seed in arm["seeds"]
        for language in LANGUAGES
    ]


def _add_results(folder: Path, rows: list[dict[str, Any]]) -> None:
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        key = (row["arm"], row["seed"], row["protocol"], row["metric"])
        groups.setdefault(key, []).append(row["value"])
    for (arm, seed, protocol, metric), values in groups.items():
        facts = {"arm": arm, "seed": seed, "protocol": protocol, "metric": metric}
        rows.append(facts | {"language": "macro", "value": sum(values) / len(values)})
    sizes = {True: 900 * len(LANGUAGES), False: 900}
    common = {"study": "pictures-or-text", "target": "bucc", "subset": "all", "step_key": "77aa"}
    new = [common | row | {"n": sizes[row["language"] == "macro"]} for row in rows]
    there = pq.read_table(folder / "results.parquet")
    added = pa.Table.from_pylist(new, schema=there.schema)
    pq.write_table(pa.concat_tables([there, added]), folder / "results.parquet")


def _add_verdicts(folder: Path, arms: list[str]) -> None:
    path = folder / "verdicts.json"
    verdicts = json.loads(path.read_text(encoding="utf-8"))
    model = next(verdict for verdict in verdicts if verdict["family"] == "vs-baseline")
    facts = {"against": "raw", "target": "bucc", "protocol": OWN, "metric": "mining_f1"}
    for arm in arms:
        effect = LIFTS[arm]
        facts |= {"arm": arm, "effect": effect, "low": effect - 0.02, "high": effect + 0.02}
        facts |= {"n_queries": 900 * len(LANGUAGES), "n_languages": len(LANGUAGES)}
        facts |= {"verdict": "higher", "sentence": f"{arm} against raw on BUCC mining: higher."}
        verdicts.append(model | facts)
    _write_json(path, verdicts)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
