"""XQuAD: questions on passages of Wikipedia in 11 languages; trained on SQuAD 1.1.

The questions are human translations of 1,190 of SQuAD's dev questions: SQuAD dev is used neither for
training nor for model selection. Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 87,599
English training questions, 1,190 test questions in each language; there are no dev questions.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import SpanFields
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.questions import questions
from crosslift.tasks.dataset import span_of_passage
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.tasks.squad import SQUAD_DATA
from crosslift.xtreme.benchmark import xtreme_task

_LANGUAGES = xtreme_task("xquad").languages
_FIELDS = SpanFields(withheld=True)

SQUAD_ENGLISH = EnglishData(
    files=replace(
        SQUAD_DATA.files,
        layouts=tuple(replace(layout, folders=("squad",)) for layout in SQUAD_DATA.files.layouts),
    ),
    hub=SQUAD_DATA.hub,
)
"""SQuAD 1.1, in a separate folder, or in `squad`, as in XTREME."""

XQUAD = LabelledDataset(
    name="xquad",
    title="XQuAD",
    what="XQuAD: questions on passages in 11 languages, fine-tuned on SQuAD 1.1",
    languages=_LANGUAGES,
    form=span_of_passage(unanswerable=False),
    metric="answer_f1",
    layouts=(
        Layout(
            train=(),
            dev=(),
            test=("xquad.{language}.json",),
            read=questions,
            fields=_FIELDS,
            folders=("xquad",),
        ),
    ),
    hub=HubDataset(
        "google/xtreme",
        revision="main",
        fields=_FIELDS,
        dev=(),
        test=("validation",),
        configs={code: f"XQuAD.{code}" for code in _LANGUAGES},
    ),
    where="https://github.com/google-deepmind/xquad",
    other_english=SQUAD_ENGLISH,
    other_name="squad-1.1",
    dev="shared",
    licence="CC BY-SA 4.0",
    citation="Artetxe, Ruder and Yogatama 2020 (arXiv 1910.11856)",
)
