"""Made-up targets of XTREME, added to the sample of a run folder."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crosslift.results.language_pairs import LanguagePairScores
from crosslift.results.result_record import write_json_file
from crosslift.results.verdict import Outcome
from crosslift.results.xtreme_scores import (
    BestArm,
    FineTuning,
    GroupName,
    LanguageScore,
    PublishedScores,
    TransferGap,
    XtremeCell,
    XtremeColumn,
    XtremeGroup,
    XtremeRow,
    XtremeTable,
)

LANGUAGES = {
    "xnli": ("ar", "de", "en", "sw", "ur", "zh"),
    "pawsx": ("de", "en", "ja"),
    "panx": ("de", "en", "he"),
    "xquad": ("ar", "en", "zh"),
    "tatoeba": ("de", "fr", "ja"),
}
METRICS = {
    "xnli": ("accuracy",),
    "pawsx": ("accuracy",),
    "panx": ("entity_f1", "tagging_accuracy"),
    "xquad": ("answer_f1", "exact_match"),
    "tatoeba": ("top1_accuracy",),
}
TITLES = {
    "xnli": "XNLI",
    "pawsx": "PAWS-X",
    "panx": "WikiANN NER",
    "xquad": "XQuAD",
    "tatoeba": "Tatoeba",
}
GROUPS: dict[GroupName, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "all": ("All", tuple(TITLES), ("UD-POS", "MLQA", "TyDiQA-GoldP", "BUCC")),
    "classification": ("Classification", ("xnli", "pawsx"), ()),
    "tagging": ("Tagging", ("panx",), ("UD-POS",)),
    "qa": ("Question answering", ("xquad",), ("MLQA", "TyDiQA-GoldP")),
    "retrieval": ("Retrieval", ("tatoeba",), ("BUCC",)),
}
LIFTS = {"raw": 0.0, "text": 0.021, "image": -0.004, "image-shuffled": -0.03, "packaged": 0.06}
BASE = {"xnli": 0.52, "pawsx": 0.71, "panx": 0.48, "xquad": 0.36, "tatoeba": 0.51}
N = 300
OURS = "crosslift/zero-shot"
PUBLISHED = PublishedScores(
    name="XLM-R Large",
    source="Hu et al. 2020 (arXiv 2003.11080), table 2",
    encoder="embedded-mlm",
    cells={
        "xnli": {"accuracy": 0.792},
        "xquad": {"answer_f1": 0.766, "exact_match": 0.608},
        "panx": {"entity_f1": 0.654},
        "tatoeba": {"mrr": 0.573},
    },
    average=0.681,
    remark="A made-up remark.",
)


def write_xtreme_files(folder: Path, remark: str = "", published: bool = True) -> None:
    """Add labelled targets to a sample, their scores, verdicts, examples, and the two files of XTREME.

    The arm ``image-locked`` has no scores in them, and ``packaged`` none of ``panx``. ``mlqa`` is a
    target whose examples were answered and not scored.
    """
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    arms = [arm for arm in run["arms"] if arm["name"] in LIFTS or arm["baseline"] == "e5"]
    labelled = [name for name in TITLES if name != "tatoeba"]
    run["targets"] += [_target(name, remark) for name in labelled]
    run["targets"].append(_target("xquad", remark) | {"name": "mlqa", "title": "MLQA" + remark})
    run["protocols"][OURS] = {"direction": "zero-shot", "metric": "as of the target"}
    _write_json(folder / "run.json", run)
    xtreme = _xtreme(arms, remark, published)
    write_json_file(folder / "xtreme.json", xtreme)
    write_json_file(folder / "generalised.json", _generalised(arms, remark))
    _add_results(folder, xtreme.languages)
    _add_verdicts(folder, xtreme.rows, remark)
    _add_examples(folder, [arm["name"] for arm in arms], remark)


def _target(name: str, remark: str) -> dict[str, Any]:
    gaps = [{"language": "th", "reason": "no file xnli-th" + remark}] if name == "xnli" else []
    return {
        "name": name,
        "title": TITLES[name] + remark,
        "metric": METRICS[name][0],
        "protocol": OURS,
        "languages": list(LANGUAGES[name]),
        "gaps": gaps,
        "kind": "labelled",
    }


def _lift(arm: str) -> float:
    return LIFTS.get(arm, 0.1 if arm == "e5" else 0.13)


def _score(arm: str, target: str, language: str) -> float:
    own = (sum(map(ord, language)) % 11 - 5) * 0.01 + (0.1 if language == "en" else 0.0)
    return BASE[target] + own + _lift(arm)


def _mean(arm: str, target: str) -> float:
    found = [_score(arm, target, language) for language in LANGUAGES[target]]
    return sum(found) / len(found)


def _measured(arm: str, target: str) -> bool:
    return (arm, target) != ("packaged", "panx")


def _effect(arm: dict[str, Any], half: float) -> dict[str, Any]:
    """The effect of an arm against its baseline; nulls for a baseline."""
    if arm["name"] == arm["baseline"]:
        return {"effect": None, "low": None, "high": None}
    effect = _lift(arm["name"]) - _lift(arm["baseline"])
    return {"effect": effect, "low": effect - half, "high": effect + half}


def _outcome(found: dict[str, Any]) -> Outcome | None:
    if found["effect"] is None:
        return None
    if found["low"] > 0:
        return "higher"
    return "lower" if found["high"] < 0 else "inconclusive"


def _cell(arm: dict[str, Any], target: str) -> XtremeCell:
    mean, seeds = _mean(arm["name"], target), len(arm["seeds"])
    spread = 0.01 if seeds > 1 else 0.0
    details = {metric: mean - 0.12 * place for place, metric in enumerate(METRICS[target])}
    found = _effect(arm, 0.008)
    seen = {"low_seed": mean - spread, "high_seed": mean + spread, "seeds": seeds}
    return XtremeCell(score=mean, details=details, **seen, **found, verdict=_outcome(found))


def _average(arm: dict[str, Any], targets: tuple[str, ...]) -> XtremeCell:
    mean = sum(_mean(arm["name"], target) for target in targets) / len(targets)
    seen = {"low_seed": mean - 0.01, "high_seed": mean + 0.01, "seeds": len(arm["seeds"])}
    return XtremeCell(score=mean, details={}, **seen, **_effect(arm, 0.006), verdict=None)


def _row(arm: dict[str, Any]) -> XtremeRow:
    cells = {t: _cell(arm, t) for t in TITLES if _measured(arm["name"], t)}
    for name, (_, targets, _) in GROUPS.items():
        if set(targets) <= set(cells):
            cells[name] = _average(arm, targets)
    return XtremeRow(arm=arm["name"], cells=cells)


def _column(name: str, remark: str) -> XtremeColumn:
    labelled = name != "tatoeba"
    tuned = FineTuning(
        updates=500, examples=16000, batch_size=32, learning_rate=2e-5, train=49401, seconds=754.2
    )
    group = next(g for g, (_, targets, _) in GROUPS.items() if g != "all" and name in targets)
    return XtremeColumn(
        target=name,
        title=TITLES[name] + remark,
        group=group,
        metric=METRICS[name][0],
        languages=len(LANGUAGES[name]),
        n=N * len(LANGUAGES[name]),
        split="test" if labelled else None,
        selection=f"the English dev set of {TITLES[name]}{remark}" if labelled else None,
        remark=("first 300 examples of each language" if labelled else "") + remark,
        fine_tune=tuned if labelled else None,
        gaps=("th", "vi") if name == "xnli" else (),
    )


def _best(rows: list[XtremeRow], asked: list[str]) -> list[BestArm]:
    best = []
    for column in (*TITLES, *GROUPS):
        scored = [(r.cells[column], r.arm) for r in rows if r.arm in asked and column in r.cells]
        cell, arm = max(scored, key=lambda pair: pair[0].score)
        told = {t: getattr(cell, t) for t in ("score", "effect", "low", "high", "verdict")}
        best.append(BestArm(column=column, arm=arm, **told))
    return best


def _xtreme(arms: list[dict[str, Any]], remark: str, published: bool) -> XtremeTable:
    rows = [_row(arm) for arm in arms]
    asked = [arm["name"] for arm in arms if arm["role"] == "trained"]
    pairs = [(a, t) for t in TITLES for a in arms if _measured(a["name"], t)]
    return XtremeTable(
        columns=[_column(name, remark) for name in TITLES],
        groups=[
            XtremeGroup(name=name, title=title, targets=targets, missing=missing)
            for name, (title, targets, missing) in GROUPS.items()
        ],
        rows=rows,
        best=_best(rows, asked) if asked else [],
        transfer_gaps=[_gap(arm, target) for arm, target in pairs if target != "tatoeba"],
        languages=[
            _language(arm, target, code) for arm, target in pairs for code in LANGUAGES[target]
        ],
        published=[_published(remark)] if published else [],
    )


def _language(arm: dict[str, Any], target: str, code: str) -> LanguageScore:
    return LanguageScore(
        target=target,
        arm=arm["name"],
        language=code,
        score=_score(arm["name"], target, code),
        **_effect(arm, 0.03),
    )


def _published(remark: str) -> PublishedScores:
    told = {name: getattr(PUBLISHED, name) + remark for name in ("name", "source", "remark")}
    return PUBLISHED.model_copy(update=told)


def _gap(arm: dict[str, Any], target: str) -> TransferGap:
    others = [_score(arm["name"], target, code) for code in LANGUAGES[target] if code != "en"]
    english, rest = _score(arm["name"], target, "en"), sum(others) / len(others)
    found = _effect(arm, 0.02)
    if found["effect"] is not None:
        found = {"effect": -0.013, "low": -0.031, "high": 0.004}
    return TransferGap(
        arm=arm["name"], target=target, english=english, others=rest, gap=english - rest, **found
    )


def _generalised(arms: list[dict[str, Any]], remark: str) -> list[LanguagePairScores]:
    chance = random.Random(3)
    return [
        _matrix(arm, target, chance, remark)
        for target in ("xnli", "pawsx")
        for arm in arms
        if arm["role"] != "reference"
    ]


def _matrix(
    arm: dict[str, Any], target: str, chance: random.Random, remark: str
) -> LanguagePairScores:
    codes = LANGUAGES[target]
    matrix = [
        [_score(arm["name"], target, first) - 0.12 * (first != second) for second in codes]
        for first in codes
    ]
    matrix = [[value + chance.uniform(-0.02, 0.02) for value in row] for row in matrix]
    same = [matrix[place][place] for place in range(len(codes))]
    mixed = [v for i, row in enumerate(matrix) for j, v in enumerate(row) if i != j]
    return LanguagePairScores(
        target=target,
        title=TITLES[target] + remark,
        arm=arm["name"],
        languages=codes,
        matrix=matrix,
        seeds=len(arm["seeds"]),
        n=N,
        same=sum(same) / len(same),
        mixed=sum(mixed) / len(mixed),
        **_effect(arm, 0.01),
    )


def _add_results(folder: Path, languages: Sequence[LanguageScore]) -> None:
    """The scores of the labelled targets, every one of one seed; tags have no clean ones."""
    rows = []
    common = {"study": "pictures-or-text", "seed": 1, "protocol": OURS, "step_key": "55bb"}
    for entry in languages:
        target = entry.target
        if target == "tatoeba":
            continue
        facts = common | {"arm": entry.arm, "target": target, "language": entry.language}
        for place, metric in enumerate(METRICS[target]):
            value = {"metric": metric, "value": entry.score - 0.12 * place, "n": N}
            rows += [facts | value | {"subset": subset} for subset in _subsets(target)]
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("arm", "target", "metric", "subset"))
        groups.setdefault(key, []).append(row)
    for found in groups.values():
        mean = sum(row["value"] for row in found) / len(found)
        whole = {"language": "macro", "value": mean, "n": N * len(found)}
        rows.append(found[0] | whole)
    there = pq.read_table(folder / "results.parquet")
    added = pa.Table.from_pylist(rows, schema=there.schema)
    pq.write_table(pa.concat_tables([there, added]), folder / "results.parquet")


def _subsets(target: str) -> tuple[str, ...]:
    return ("all",) if target == "panx" else ("all", "clean")


def _add_verdicts(folder: Path, rows: Sequence[XtremeRow], remark: str) -> None:
    path = folder / "verdicts.json"
    verdicts = json.loads(path.read_text(encoding="utf-8"))
    arms = {arm["name"]: arm for arm in json.loads((folder / "run.json").read_bytes())["arms"]}
    model = next(verdict for verdict in verdicts if verdict["family"] == "vs-baseline")
    for row in rows:
        arm = arms[row.arm]
        for target in LANGUAGES:
            cell = row.cells.get(target)
            if target == "tatoeba" or cell is None or cell.effect is None:
                continue
            facts = {"arm": row.arm, "against": arm["baseline"], "target": target}
            facts |= {"protocol": OURS, "metric": METRICS[target][0]}
            facts |= {key: getattr(cell, key) for key in ("effect", "low", "high", "verdict")}
            size = len(LANGUAGES[target])
            facts |= {"n_queries": N * size, "n_languages": size}
            told = f"{row.arm} against {arm['baseline']} on {TITLES[target]}: {cell.verdict}."
            verdicts.append(model | facts | {"sentence": told + remark})
    _write_json(path, verdicts)


def _add_examples(folder: Path, arms: list[str], remark: str) -> None:
    path = folder / "examples.json"
    asked = [
        ("xnli", "ur", "وہ گھر گیا۔ / وہ باہر ہے۔", "contradiction", "neutral"),
        ("xquad", "ar", "أين محطة القطار؟", "في وسط المدينة", "المدينة"),
    ]
    examples = json.loads(path.read_text(encoding="utf-8"))
    for target, language, query, gold, other in asked:
        answers = [
            {"arm": arm, "text": (gold, other)[place % 2] + remark, "picture": None}
            | {"correct": place % 2 == 0}
            for place, arm in enumerate(arms)
        ]
        example = {"target": target, "language": language, "protocol": OURS, "answers": answers}
        example |= {"query_text": query + remark, "query_picture": None}
        examples.append(example | {"gold_text": gold + remark, "gold_picture": None})
    _write_json(path, examples)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
