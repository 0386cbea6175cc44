"""TyDiQA-GoldP: questions on passages of Wikipedia in 9 languages; trained on its English part.

XTREME scores the published dev files, so they are the test split here, and weights are chosen by a part
of the English training questions. Where a folder has training files alone and no split is asked for,
those of other languages than English are scored and called dev: no one trains on them, but their scores
compare with no published ones. Published sizes: 3,696 English training questions (Hu et al. 2020, arXiv
2003.11080, table 1), 5,077 test questions in all 9 languages (dataset card of google/xtreme).
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.labelled.parts import FileOfLanguages, FilePerLanguage, HubParts
from crosslift.sources.labelled.questions import TYDIQA_NAMES, questions, tydiqa_language
from crosslift.sources.labelled.shapes import QuestionShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.tydiqa import QUESTION_FORM, TYDIQA_ENGLISH, TYDIQA_WHERE
from crosslift.tasks.tydiqa import TYDIQA as TASK
from crosslift.xtreme.benchmark import xtreme_task

TYDIQA_9 = xtreme_task("tydiqa").languages

_TRAIN, _DEV = "tydiqa.goldp.{language}.train.json", "tydiqa.goldp.{language}.dev.json"
_V = "tydiqa-goldp-v1.1"

TYDIQA = labelled_target(
    LabelledSet(
        name="tydiqa",
        title="TyDiQA-GoldP",
        what="TyDiQA-GoldP: questions on passages in 9 languages",
        languages=TYDIQA_9,
        form=QUESTION_FORM,
        metric="answer_f1",
        layouts=(
            FilePerLanguage(
                {"train": (f"{_V}-train/{_TRAIN}", _TRAIN), "test": (f"{_V}-dev/{_DEV}", _DEV)},
                questions,
                QuestionShape(),
                ("", "tydiqa"),
            ),
            FileOfLanguages(
                {"train": (f"{_V}-train.json",), "test": (f"{_V}-dev.json",)},
                questions,
                QuestionShape(),
                tydiqa_language,
                ("", "tydiqa"),
            ),
        ),
        hub=HubParts(
            "google/xtreme",
            "main",
            dict.fromkeys(sorted(TYDIQA_NAMES.values()), "tydiqa"),
            {"test": "validation"},
            QuestionShape(),
            language_of=tydiqa_language,
        ),
        where=TYDIQA_WHERE,
        english=replace(TYDIQA_ENGLISH, setting="english"),
        dev="none",
        train_is_scored=True,
        licence=TASK.licence,
        citation=TASK.citation,
    )
)
