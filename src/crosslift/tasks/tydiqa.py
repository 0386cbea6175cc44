"""TyDiQA-GoldP's English part: the place in a paragraph of Wikipedia that answers a question.

Of the files of all languages only the questions whose id begins with ``english-`` are read; the others
are counted as left out. There are no English dev questions: TyDiQA-GoldP's dev set is a target's.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.questions import questions, tydiqa_language
from crosslift.sources.labelled.shapes import EnglishFields, QuestionShape
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.task import FormSpec

QUESTION_FORM = FormSpec(
    "span-qa",
    {"question": "question", "passage": "passage"},
    options={"unanswerable": False},
)
TYDIQA_WHERE = "https://github.com/google-research-datasets/tydiqa (tydiqa-goldp-v1.1)"
XTREME_TRAIN = "tydiqa-goldp-v1.1-train"
"""Folder of XTREME's training files."""
_OF_LANGUAGES = EnglishFields(QuestionShape(), tydiqa_language)

TYDIQA_ENGLISH = EnglishData(
    files=LocalFiles(
        layouts=(
            Layout(
                ("tydiqa.goldp.en.train.json",),
                (),
                questions,
                EnglishFields(QuestionShape()),
                folders=(XTREME_TRAIN, "tydiqa", f"tydiqa/{XTREME_TRAIN}"),
            ),
            Layout(
                ("tydiqa-goldp-v1.1-train.json",),
                (),
                questions,
                _OF_LANGUAGES,
                folders=("tydiqa",),
            ),
        ),
        where=TYDIQA_WHERE,
    ),
    hub=HubDataset("google/xtreme", "main", fields=_OF_LANGUAGES, config="tydiqa", dev=()),
)

TYDIQA = DatasetTask(
    name="tydiqa",
    title="TyDiQA-GoldP, English: where in a passage a question is answered",
    form=QUESTION_FORM,
    source=TYDIQA_ENGLISH,
    languages=("en",),
    licence="Apache-2.0",
    citation="Clark et al. 2020 (arXiv 2003.05002)",
    train_examples=3_696,
)
