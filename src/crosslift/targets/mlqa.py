"""MLQA: questions on passages of Wikipedia in 7 languages; trained on SQuAD 1.1.

Of the pairs of languages those are scored that XTREME scores: question and passage in one language.
Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 87,599 English training questions, 4,517 to
11,590 test questions a language.
"""

from __future__ import annotations

from crosslift.sources.labelled.parts import FilePerLanguage, HubParts
from crosslift.sources.labelled.questions import questions
from crosslift.sources.labelled.shapes import QuestionShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.targets.xquad import SQUAD_ENGLISH
from crosslift.tasks.tydiqa import QUESTION_FORM
from crosslift.xtreme.benchmark import xtreme_task

MLQA_7 = xtreme_task("mlqa").languages

_PLAIN = "-context-{language}-question-{language}.json"

MLQA = labelled_target(
    LabelledSet(
        name="mlqa",
        title="MLQA",
        what="MLQA: questions on passages in 7 languages, fine-tuned on SQuAD 1.1",
        languages=MLQA_7,
        form=QUESTION_FORM,
        metric="answer_f1",
        layouts=(
            FilePerLanguage(
                {"dev": (f"dev/dev{_PLAIN}",), "test": (f"test/test{_PLAIN}",)},
                questions,
                QuestionShape(),
                ("MLQA_V1", "", "mlqa/MLQA_V1", "mlqa"),
            ),
            FilePerLanguage(
                {"dev": (f"dev{_PLAIN}",), "test": (f"test{_PLAIN}",)},
                questions,
                QuestionShape(),
                ("", "mlqa"),
            ),
        ),
        hub=HubParts(
            "google/xtreme",
            "main",
            {code: f"MLQA.{code}.{code}" for code in MLQA_7},
            {"dev": "validation", "test": "test"},
            QuestionShape(),
        ),
        where="https://github.com/facebookresearch/MLQA (MLQA_V1.zip)",
        english=SQUAD_ENGLISH,
        dev="shared",
        english_name="squad-1.1",
        licence="CC BY-SA 3.0",
        citation="Lewis, Oguz, Rinott, Riedel and Schwenk 2020 (arXiv 1910.07475)",
    )
)
