"""The nine tasks of XTREME, with the facts of its official scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crosslift.errors import UnknownNameError
from crosslift.metrics.answers import AnswerRules

Group = Literal["classification", "tagging", "qa", "retrieval"]
Layout = Literal["labels", "tags", "answers", "pairs", "lines"]


@dataclass(frozen=True, slots=True)
class XtremeTask:
    """One task of the benchmark.

    Args:
        folder: its name in submissions, label folders and the scorer.
        target: the name of our target.
        title: a word or two, as in the paper's tables.
        group: the average that it is part of.
        languages: languages that are scored, in the scorer's order.
        layout: layout of its files: one label per line, tags by sentence, answers by question id, pairs
            of sentence ids, or one line number per line.
        metric: our name of the score that XTREME's table shows first.
        answer_rules: how answers are compared. None: the task has no answers.
    """

    folder: str
    target: str
    title: str
    group: Group
    languages: tuple[str, ...]
    layout: Layout
    metric: str
    answer_rules: AnswerRules | None = None

    @property
    def suffix(self) -> Literal["tsv", "json"]:
        """The suffix of its files, without the dot."""
        return "json" if self.layout == "answers" else "tsv"

    def file_name(self, language: str) -> str:
        """The name of a language's file, of predictions and of labels alike.

        Raises:
            UnknownNameError: the task does not score the language.
        """
        if language not in self.languages:
            raise UnknownNameError(f"language of {self.folder}", language, self.languages)
        return f"test-{language}.{self.suffix}"


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PANX = (
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw "
    "yo my zh kk tr et fi hu"
)
_UDPOS = (
    "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi "
    "yo zh"
)
_TATOEBA = (
    "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk "
    "tr et fi hu"
)
TASKS: tuple[XtremeTask, ...] = (
    XtremeTask(
        folder="pawsx",
        target="pawsx",
        title="PAWS-X",
        group="classification",
        languages=_codes("de en es fr ja ko zh"),
        layout="labels",
        metric="accuracy",
    ),
    XtremeTask(
        folder="xnli",
        target="xnli",
        title="XNLI",
        group="classification",
        languages=_codes("ar bg de el en es fr hi ru sw th tr ur vi zh"),
        layout="labels",
        metric="accuracy",
    ),
    XtremeTask(
        folder="panx",
        target="panx",
        title="WikiANN NER",
        group="tagging",
        languages=_codes(_PANX),
        layout="tags",
        metric="entity_f1",
    ),
    XtremeTask(
        folder="udpos",
        target="udpos",
        title="UD-POS",
        group="tagging",
        languages=_codes(_UDPOS),
        layout="tags",
        metric="tag_f1",
    ),
    XtremeTask(
        folder="bucc2018",
        target="bucc",
        title="BUCC",
        group="retrieval",
        languages=_codes("de fr ru zh"),
        layout="pairs",
        metric="mining_f1",
    ),
    XtremeTask(
        folder="tatoeba",
        target="tatoeba",
        title="Tatoeba",
        group="retrieval",
        languages=_codes(_TATOEBA),
        layout="lines",
        metric="top1_accuracy",
    ),
    XtremeTask(
        folder="xquad",
        target="xquad",
        title="XQuAD",
        group="qa",
        languages=_codes("en es de el ru tr ar vi th zh hi"),
        layout="answers",
        metric="answer_f1",
        answer_rules="squad",
    ),
    XtremeTask(
        folder="mlqa",
        target="mlqa",
        title="MLQA",
        group="qa",
        languages=_codes("en es de ar hi vi zh"),
        layout="answers",
        metric="answer_f1",
        answer_rules="mlqa",
    ),
    XtremeTask(
        folder="tydiqa",
        target="tydiqa",
        title="TyDiQA-GoldP",
        group="qa",
        languages=_codes("en ar bn fi id ko ru sw te"),
        layout="answers",
        metric="answer_f1",
        answer_rules="squad",
    ),
)
"""All nine, in the order of the scorer.

Source: Hu et al. 2020 (arXiv 2003.11080), table 1; languages and groups: ``evaluate.py`` of
google-research/xtreme, ``TASK2LANGS`` and ``GROUP2TASK``.
"""

GROUPS: Mapping[Group, tuple[str, ...]] = {
    "classification": ("pawsx", "xnli"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
"""Group -> the folders of its tasks, in the order of the scorer."""


def xtreme_task(name: str) -> XtremeTask:
    """A task of the benchmark by the name of its folder or of our target.

    Raises:
        UnknownNameError: no task has this name.
    """
    for task in TASKS:
        if name in (task.folder, task.target):
            return task
    raise UnknownNameError("task of XTREME", name, [task.target for task in TASKS])
