"""The columns of the XTREME table: a task of XTREME as a study measured it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosslift.analysis.collect import Gathered
from crosslift.making.answer import cut_texts
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.training_files import read_spent, read_task_records
from crosslift.metrics.table import metric_named
from crosslift.results.xtreme_scores import FineTuning, XtremeColumn
from crosslift.steps.step import Step
from crosslift.targets.protocol import Protocol
from crosslift.xtreme.benchmark import XtremeTask

_XTREME = "xtreme"


@dataclass(frozen=True)
class Column:
    """A task of XTREME that the study measures."""

    task: XtremeTask
    loaded: LoadedTarget
    protocol: Protocol

    @classmethod
    def of(cls, task: XtremeTask, loaded: LoadedTarget) -> Column:
        """The column under XTREME's protocol if the study requests it, else under the target's primary
        one."""
        xtreme = [protocol for protocol in loaded.protocols if protocol.name == _XTREME]
        return cls(task, loaded, xtreme[0] if xtreme else loaded.protocols[0])

    @property
    def name(self) -> str:
        """Name of the target."""
        return self.loaded.target.name

    @property
    def metric(self) -> str:
        """The metric that is compared."""
        return self.protocol.metric

    @property
    def details(self) -> tuple[str, ...]:
        """The metrics that are shown; both of them for questions on passages."""
        return metric_named(self.metric).names_with_beside

    def record(self, gathered: Gathered, languages: Sequence[str], examples: int) -> XtremeColumn:
        """How the task was measured.

        Args:
            gathered: the run.
            languages: codes of those that were measured.
            examples: number of examples of all languages.
        """
        data = self.loaded.data
        return XtremeColumn(
            target=self.name,
            title=self.task.title,
            group=self.task.group,
            metric=self.metric,
            languages=len(languages),
            n=examples,
            split=data.split,
            selection=self._selection(gathered),
            remark="; ".join(filter(None, self._remarks(gathered))),
            fine_tune=self._fine_tuning(gathered),
            gaps=tuple(code for code in self.task.languages if code not in languages),
        )

    def _remarks(self, gathered: Gathered) -> list[str]:
        data = self.loaded.data
        ours = "" if self.protocol.name == _XTREME else "our own definition, not XTREME's"
        left_out = _counted("left out of the files", data.left_out)
        return [self.loaded.part, data.remark, left_out, self._cut(gathered), ours]

    def _cut(self, gathered: Gathered) -> str:
        """Texts that were truncated; empty if no encoder was fine-tuned."""
        answers = self._answering(gathered)
        if not answers:
            return ""
        return _counted("", cut_texts(answers[0], gathered.store))

    def _answering(self, gathered: Gathered) -> list[Step]:
        """The steps that answer its examples, of every run that was fine-tuned on it."""
        runs = gathered.plan.runs
        return [run.fine_tuned[self.name].answers for run in runs if self.name in run.fine_tuned]

    def _selection(self, gathered: Gathered) -> str | None:
        """The data that weights were chosen by; None: there was no choice, and the last weights were
        kept."""
        settings = gathered.plan.study.fine_tuning_of(self.loaded.settings)
        chosen = settings.keep_best or settings.early_stopping
        return self.loaded.data.selection if chosen else None

    def _fine_tuning(self, gathered: Gathered) -> FineTuning | None:
        """How encoders were fine-tuned for the task; None: they were not."""
        answers = self._answering(gathered)
        if not answers:
            return None
        settings = gathered.plan.study.fine_tuning_of(self.loaded.settings)
        spent = [read_spent(step.open(gathered.store)) for step in answers]
        (records,) = read_task_records(answers[0].open(gathered.store)).values()
        budget = settings.budget
        return FineTuning(
            updates=round(float(np.mean([each.updates for each in spent]))),
            examples=round(float(np.mean([each.examples for each in spent]))),
            batch_size=budget.batch_size if budget else None,
            learning_rate=settings.learning_rate,
            train=records.train,
            seconds=float(np.mean([each.seconds for each in spent])),
        )


def _counted(what: str, by_language: Mapping[str, Mapping[str, int]]) -> str:
    """Counts of all languages together, in words; empty where there are none."""
    total: Counter[str] = Counter()
    for counts in by_language.values():
        total.update(counts)
    words = ", ".join(f"{count:,} {reason}" for reason, count in total.items() if count)
    return f"{what}: {words}" if words and what else words
