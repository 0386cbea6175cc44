"""XQuAD: questions on passages of Wikipedia in 11 languages; trained on SQuAD 1.1.

The questions are human translations of 1,190 of SQuAD's dev questions: SQuAD dev is neither trained on
nor chosen by. Published sizes (Hu et al.
2020, arXiv 2003.11080, table 1): 87,599 English training questions, 1,190 test questions in each
language; there are no dev questions.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.parts import FilePerLanguage, HubParts
from crosslift.sources.labelled.questions import questions
from crosslift.sources.labelled.shapes import QuestionShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.squad import SQUAD_DATA
from crosslift.tasks.tydiqa import QUESTION_FORM
from crosslift.xtreme.benchmark import xtreme_task

XQUAD_11 = xtreme_task("xquad").languages

SQUAD_ENGLISH = EnglishData(
    files=replace(
        SQUAD_DATA.files,
        layouts=tuple(replace(layout, folders=("squad",)) for layout in SQUAD_DATA.files.layouts),
    ),
    hub=SQUAD_DATA.hub,
    setting="english",
)
"""SQuAD 1.1, in a folder of its own or in `squad`, as XTREME puts it."""

XQUAD = labelled_target(
    LabelledSet(
        name="xquad",
        title="XQuAD",
        what="XQuAD: questions on passages in 11 languages, fine-tuned on SQuAD 1.1",
        languages=XQUAD_11,
        form=QUESTION_FORM,
        metric="answer_f1",
        layouts=(
            FilePerLanguage(
                {"test": ("xquad.{language}.json",)}, questions, QuestionShape(), ("", "xquad")
            ),
        ),
        hub=HubParts(
            "google/xtreme",
            "main",
            {code: f"XQuAD.{code}" for code in XQUAD_11},
            {"test": "validation"},
            QuestionShape(),
        ),
        where="https://github.com/google-deepmind/xquad",
        english=SQUAD_ENGLISH,
        dev="shared",
        english_name="squad-1.1",
        licence="CC BY-SA 4.0",
        citation="Artetxe, Ruder and Yogatama 2020 (arXiv 1910.11856)",
    )
)
