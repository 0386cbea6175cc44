"""Gathers the artifacts of a run: results, outcomes of queries, curves, budgets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.making.evaluate import open_outcomes
from crosslift.making.found_answers import open_found_answers
from crosslift.making.training_files import read_curve, read_spent
from crosslift.metrics.table import Metric, metrics_of_queries
from crosslift.planning.choice_steps import trainings
from crosslift.planning.plan import ArmRun, Plan
from crosslift.results.arm_facts import ArmBudget
from crosslift.results.score_rows import CurvePoint, Score, table_of
from crosslift.statistics.query_cubes import cube_of
from crosslift.statistics.table_parts import parts_of
from crosslift.steps.step import Step

MACRO = "macro"


@dataclass(frozen=True)
class Gathered:
    """All measurements of a run, in tables.

    Args:
        plan: plan of the study.
        store: store with the artifacts.
    """

    plan: Plan
    store: Store

    @cached_property
    def overlapping(self) -> dict[str, set[str]]:
        """Target -> its texts that overlap the training texts of any task of the study."""
        texts: dict[str, set[str]] = {name: set() for name in self.plan.targets}
        for (_, target), step in self.plan.overlaps.items():
            texts[target] |= set(self.overlap(step)["texts"])
        return texts

    @cached_property
    def overlapping_pictures(self) -> dict[str, set[str]]:
        """Target -> items whose picture is (nearly) among the training pictures of a task."""
        items: dict[str, set[str]] = {name: set() for name in self.plan.targets}
        for (_, target), step in self.plan.picture_overlaps.items():
            items[target] |= set(self.overlap(step)["pictures"])
        return items

    def overlap(self, step: Step) -> dict[str, Mapping[str, str]]:
        """The overlap that a step found."""
        content = (step.open(self.store) / "overlap.json").read_text(encoding="utf-8")
        overlap: dict[str, Mapping[str, str]] = json.loads(content)
        return overlap

    def overlapping_items(self, target: str, texts: set[str]) -> dict[str, set[str]]:
        """Language -> items of a target of which a text is among these."""
        return self.plan.targets[target].data.items_with(texts)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Name -> metric that aggregates outcomes: ours, and those of the study's protocols."""
        protocols = (p for loaded in self.plan.targets.values() for p in loaded.protocols)
        return metrics_of_queries(dict.fromkeys(protocol.metric for protocol in protocols))

    @cached_property
    def outcomes(self) -> pa.Table:
        """One row for each query, arm, seed, target and protocol."""
        table = pa.concat_tables(self._outcomes(), promote_options="default")
        for name in dict.fromkeys(str(metric.outcome) for metric in self.metrics.values()):
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(len(table), pa.float32()))
        return table

    def _outcomes(self) -> Iterator[pa.Table]:
        unclean = {
            target: self.overlapping_items(target, texts)
            for target, texts in self.overlapping.items()
        }
        for run in self.plan.runs:
            for target, steps in run.evaluations.items():
                tables = [_with_key(step, self.store) for step in steps.values()]
                table = pa.concat_tables(tables, promote_options="default")
                pairs = zip(table["language"].to_pylist(), table["item"].to_pylist(), strict=True)
                overlapping = self.overlapping_pictures[target]
                clean = [
                    item not in unclean[target][language]
                    and item not in overlapping
                    and item.rpartition("#")[0] not in overlapping
                    for language, item in pairs
                ]
                facts = {
                    "study": self.plan.study.name,
                    "arm": run.arm,
                    "seed": run.seed,
                    "target": target,
                }
                for name, value in facts.items():
                    table = table.append_column(name, pa.array([value] * len(table)))
                yield table.append_column("clean", pa.array(clean))

    @cached_property
    def found_answers(self) -> pa.Table:
        """The best answers of every query, for each arm, seed, target and protocol that keeps them."""
        tables = []
        for run in self.plan.runs:
            for target, steps in run.evaluations.items():
                table = open_found_answers(steps.values(), self.store)
                for name, value in (("target", target), ("seed", run.seed), ("arm", run.arm)):
                    column = pa.array([value] * len(table), pa.scalar(value).type)
                    table = table.add_column(0, name, column)
                tables.append(table)
        return pa.concat_tables(tables).unify_dictionaries()

    @cached_property
    def results(self) -> pa.Table:
        """One row for each `Score`."""
        rows = [*self._scores("all", self.outcomes)]
        rows += self._scores("clean", self.outcomes.filter(pc.field("clean")))
        order = ("arm", "seed", "target", "protocol", "subset", "metric", "language")
        return table_of(rows, Score).sort_by([(name, "ascending") for name in order])

    def _scores(self, subset: str, outcomes: pa.Table) -> Iterator[Score]:
        keys = ["study", "arm", "seed", "target", "protocol"]
        measured = sorted({str(metric.outcome) for metric in self.metrics.values()})
        of_medians = {m.outcome for m in self.metrics.values() if m.aggregation == "median"}
        ways = [(name, "list" if name in of_medians else "mean") for name in measured]
        means = outcomes.group_by([*keys, "step_key", "language"]).aggregate(
            [*ways, ("item", "count")]
        )
        by_arm: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in means.to_pylist():
            for name in of_medians:
                values = row.pop(f"{name}_list")
                row[f"{name}_mean"] = None if None in values else float(np.median(values))
            by_arm.setdefault(tuple(row[key] for key in keys), []).append(row)
        for values, languages in by_arm.items():
            facts: dict[str, Any] = dict(zip(keys, values, strict=True)) | {"subset": subset}
            for metric, declared in self.metrics.items():
                mean = f"{declared.outcome}_mean"
                if any(r[mean] is None for r in languages):
                    continue  # the protocol has no such outcome
                if subset == "clean" and declared.aggregation == "all queries":
                    continue
                scores: dict[str, float] = {r["language"]: r[mean] for r in languages}
                counts: dict[str, int] = {r["language"]: r["item_count"] for r in languages}
                scores[MACRO] = float(np.mean([scores[name] for name in sorted(scores)]))
                counts[MACRO] = sum(counts.values())
                step_keys: dict[str, str] = {r["language"]: r["step_key"] for r in languages}
                common = set(step_keys.values())
                step_keys[MACRO] = common.pop() if len(common) == 1 else ""
                for language, value in scores.items():
                    n, key = counts[language], step_keys[language]
                    yield Score(
                        **facts, step_key=key, language=language, metric=metric, value=value, n=n
                    )

    @cached_property
    def curves(self) -> pa.Table:
        """One row for each `CurvePoint`."""
        return table_of((point for run in self.plan.runs for point in self._curve(run)), CurvePoint)

    def _curve(self, run: ArmRun) -> Iterator[CurvePoint]:
        for number, step in enumerate(run.stage_steps):
            for update, task, metric, value in read_curve(step.open(self.store)):
                yield CurvePoint(run.arm, run.seed, number, task, update, metric, value)

    def spent(self, arm: str) -> ArmBudget:
        """What the stages of an arm spent, mean over its seeds; of a choice, the chosen try alone."""
        return self._spent([run.stage_steps for run in self.plan.runs if run.arm == arm])

    def spent_with_tries(self, arm: str) -> ArmBudget:
        """What the stages of an arm spent, all tries of a choice together, mean over its seeds."""
        runs = [run.stage_steps for run in self.plan.runs if run.arm == arm]
        return self._spent([[each for s in steps for each in trainings(s)] for steps in runs])

    def _spent(self, runs: Sequence[Sequence[Step]]) -> ArmBudget:
        """What training steps spent in the mean run."""
        total = dict.fromkeys(ArmBudget.model_fields, 0.0)
        for steps in runs:
            for step in steps:
                spent = read_spent(step.open(self.store))
                for name in total:
                    total[name] += getattr(spent, name) / len(runs)
        return ArmBudget(**total)

    def languages_of(self, steps: Iterable[Step]) -> set[str]:
        """The languages for which evaluation steps have outcomes."""
        return set(open_outcomes(steps, self.store)["language"].to_pylist())

    def languages_under(self, target: str, protocol: str) -> list[str]:
        """The languages of a target's scores under a protocol, in the order of `cube`."""
        parts = (
            rows["language"]
            for (_, *place), rows in self._parts.items()
            if place == [target, protocol]
        )
        return sorted({language for column in parts for language in pc.unique(column).to_pylist()})

    def cube(
        self, arm: str, target: str, protocol: str, outcome: str
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Outcomes of an arm on a target.

        Returns:
            float64 [seeds, items, languages], read-only, NaN where an item is not in a language, and
            the items' ids; items and languages are in the same order for every arm. Queries of one
            cluster, such as the captions of a picture, are one item: see `cube_of`.
        """
        key = arm, target, protocol, outcome
        if key not in self._cubes:
            cube, items = cube_of(self._parts[arm, target, protocol], outcome)
            cube.flags.writeable = False
            self._cubes[key] = cube, items
        return self._cubes[key]

    @cached_property
    def _cubes(self) -> dict[tuple[str, str, str, str], tuple[NDArray[np.float64], list[str]]]:
        """Arm, target, protocol and outcome -> result of `cube`; many tables use the same one."""
        return {}

    @cached_property
    def _parts(self) -> dict[tuple[str, ...], pa.Table]:
        """Arm, target and protocol -> their rows of `outcomes`."""
        return parts_of(self.outcomes, ("arm", "target", "protocol"))


def _with_key(step: Step, store: Store) -> pa.Table:
    """The outcomes of a step, with its key."""
    table = open_outcomes([step], store)
    return table.append_column("step_key", pa.array([step.key] * len(table)))
