"""Labelled datasets in many languages: for training in English, and for measuring in all languages.

A dataset is declared once. Its English part is an intermediate task. All its languages are a target for
an encoder that is fine-tuned only on English examples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from crosslift.metrics.answers import AnswerRules
from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import LEAST, EnglishData
from crosslift.sources.record import SplitName
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.task import FormSpec

ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledDataset:
    """The facts of a labelled dataset in many languages, and how it is read.

    Args:
        name: name of the task and of the target; files of a task of XTREME are in a folder with this
            name.
        title: a word or two.
        what: one line for lists of targets.
        languages: BCP-47 codes; for a task of XTREME, in XTREME's order.
        form: form of the English training examples and of the answers in every language.
        metric: primary metric.
        layouts: layouts of its published files; the first one found in a folder is read.
        hub: its copy on the hub.
        where: source of its files, for errors.
        licence: licence of the data.
        citation: source of the data.
        task_title: one line for lists of tasks; empty: its English part is no intermediate task.
        train_examples: number of English training examples according to its publishers.
        english_layouts: layouts of its English training files, if they differ from ``layouts``.
        least_english: smallest share of its English examples that read as English, see `check_english`.
        other_english: the English training set of another dataset; None: its own.
        other_name: name of that dataset; targets with the same one share one fine-tuning.
        dev: data of model selection: ``own``: its English dev examples; ``none``: a held-out part of
            the training set, because there is no dev; ``shared``: such a part, because the training set
            is shared with other targets.
        dev_name: its dev examples in words; empty if there are none.
        answer_rules: how answers to questions are compared with the right ones, for a dataset outside
            XTREME, which has its own rules; None: no questions.
        train_is_scored: if there are no other files, training examples of languages besides English are
            scored, as dev; they are not used for training.
    """

    name: str
    title: str
    what: str
    languages: tuple[str, ...]
    form: FormSpec
    metric: str
    layouts: tuple[Layout, ...]
    hub: HubDataset
    where: str
    licence: str
    citation: str
    task_title: str = ""
    train_examples: int = 0
    english_layouts: tuple[Layout, ...] = ()
    least_english: float = LEAST
    other_english: EnglishData | None = None
    other_name: str = ""
    dev: Literal["own", "none", "shared"]
    dev_name: str = ""
    answer_rules: AnswerRules | None = None
    train_is_scored: bool = False

    @property
    def task(self) -> DatasetTask:
        """The intermediate task on its English part."""
        return DatasetTask(
            name=self.name,
            title=self.task_title,
            form=self.form,
            source=self._own_english,
            languages=(ENGLISH,),
            licence=self.licence,
            citation=self.citation,
            train_examples=self.train_examples,
        )

    @property
    def training(self) -> EnglishData:
        """The English training set of the target, which the setting `english` may name."""
        return replace(self.other_english or self._own_english, setting="english")

    @property
    def scored_splits(self) -> tuple[SplitName, ...]:
        """The splits that the target reads in every language."""
        return ("train", "dev", "test") if self.train_is_scored else ("dev", "test")

    @property
    def remedy(self) -> str:
        """What to do if the target's data cannot be found or fetched."""
        names = dict.fromkeys(layout.names(self.scored_splits) for layout in self.layouts)
        return f"give `data:` with the folder of {' or '.join(names)}; get them: {self.where}"

    @property
    def _own_english(self) -> EnglishData:
        layouts = self.english_layouts or tuple(layout.english() for layout in self.layouts)
        return EnglishData(
            files=LocalFiles(layouts, self.where),
            hub=self.hub.in_language(ENGLISH),
            least=self.least_english,
        )
