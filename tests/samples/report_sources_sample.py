"""What a made-up run folder may hold of controls, groups of languages, values of a setting, ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from report_sample import CONTROL_LIFTS, VALUES, sample_arm, write_sample

from crosslift.reports.language_names import family_of, script_of
from crosslift.results.verdict import Verdict
from crosslift.statistics.attribution import Controlled, attribute


def write_sources_sample(folder: Path, remark: str = "", starts: int = 2, seeds: int = 2) -> Path:
    """A run with every control of `image`, four learning rates, an arm that is not zero-shot,
    references of another start, groups of languages, and pictures that overlap; returns it.
    """
    more = [_control(kind, seeds) for kind in CONTROL_LIFTS]
    more += [_at_rate(value, seeds) for value in VALUES]
    german = sample_arm("image-de", "trained", None, seeds)
    more.append(german | {"zero_shot": False, "languages": ["en", "de", "fr"]})
    write_sample(folder, languages=25, seeds=seeds, remark=remark, starts=starts, more=more)
    _add_attributions(folder)
    _add_groups(folder)
    _add_ranks(folder)
    return folder


def _control(kind: str, seeds: int) -> dict[str, Any]:
    arm = sample_arm(f"image--{kind}", "control", "image", seeds)
    arm["stages"][0]["settings"] = {}
    return arm | {"control": kind}


def _at_rate(value: str, seeds: int) -> dict[str, Any]:
    arm = sample_arm(f"text@{value}", "trained", None, seeds)
    arm["stages"][0]["learning_rate"] = float(value)
    return arm


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _write(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _add_attributions(folder: Path) -> None:
    run = _read(folder, "run.json")
    found = {
        (v["arm"], v["against"], v["target"]): Verdict(**v) for v in _read(folder, "verdicts.json")
    }
    run["attributions"] = [
        attribute(
            found["image", "raw", target["name"]],
            [
                Controlled(
                    kind,
                    found["image", f"image--{kind}", target["name"]],
                    found[f"image--{kind}", "raw", target["name"]],
                )
                for kind in CONTROL_LIFTS
            ],
        ).to_json()
        for target in run["targets"]
    ]
    run["gains"] = [
        {
            "arm": "image",
            "control": "image--captions-only",
            "target": "names",
            "sentence": "Of the gain of `image`, little survives.",
        }
    ]
    run["orientations"] = [
        {"arm": "packaged", "against": "raw", "target": target, "effect": effect}
        | {"low": effect - 0.02, "high": effect + 0.02, "level": 0.95}
        | {"n_queries": 5200, "n_languages": 13}
        for target, effect in (("names", 0.151), ("tatoeba", 0.224), ("pictures", 0.005))
    ]
    run["overlap"].append(
        {"task": "picture-name", "target": "pictures", "kind": "pictures", "exact": 2, "near": 7}
        | {"examples": [{"train": "red-apple", "test": "1F34E", "similarity": 0.97}]}
    )
    _write(folder, "run.json", run)


def _add_groups(folder: Path) -> None:
    run = _read(folder, "run.json")
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    entries = []
    for target in run["targets"]:
        means = _means(rows, target)
        for arm in run["arms"]:
            if arm["baseline"] == arm["name"]:
                continue
            for grouping, of in (("family", family_of), ("script", script_of)):
                groups: dict[str, list[str]] = {}
                for code in target["languages"]:
                    groups.setdefault(of(code), []).append(code)
                entries += [
                    _group(arm, target, grouping, name, codes, means)
                    for name, codes in groups.items()
                ]
    _write(folder, "groups.json", entries)


def _means(rows: list[dict[str, Any]], target: dict[str, Any]) -> dict[tuple[str, str], float]:
    wanted = {"target": target["name"], "protocol": target["protocol"], "subset": "all"}
    wanted |= {"metric": target["metric"]}
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if wanted.items() <= row.items():
            found.setdefault((row["arm"], row["language"]), []).append(row["value"])
    return {key: sum(values) / len(values) for key, values in found.items()}


def _group(
    arm: dict[str, Any],
    target: dict[str, Any],
    grouping: str,
    name: str,
    codes: list[str],
    means: dict[tuple[str, str], float],
) -> dict[str, Any]:
    gaps = [means[arm["name"], code] - means[arm["baseline"], code] for code in codes]
    effect, half = sum(gaps) / len(gaps), 0.04 / len(codes) ** 0.5
    outcome = "higher" if effect > half else "lower" if effect < -half else "no difference shown"
    return {
        "arm": arm["name"],
        "against": arm["baseline"],
        "target": target["name"],
        "metric": target["metric"],
        "protocol": target["protocol"],
        "grouping": grouping,
        "group": name,
        "languages": codes,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "p": 0.01,
        "p_corrected": 0.04,
        "verdict": outcome,
        "n_queries": 400 * len(codes),
        "seeds": 2,
    }


def _add_ranks(folder: Path) -> None:
    """A median rank beside every recall of the pictures."""
    table = pq.read_table(folder / "results.parquet")
    rows = table.to_pylist()
    ranks = [
        row | {"metric": "median_rank", "value": 40.0 - 100 * row["value"]}
        for row in rows
        if row["target"] == "pictures" and row["metric"] == "recall_at_10"
    ]
    pq.write_table(pa.Table.from_pylist(rows + ranks), folder / "results.parquet")
