"""MLQA: questions on passages of Wikipedia in 7 languages; trained on SQuAD 1.1.

As in XTREME, question and passage are in the same language.
Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 87,599 English training questions, 4,517 to
11,590 test questions per language.
"""

from __future__ import annotations

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import SpanFields
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.questions import questions
from crosslift.targets.xquad import SQUAD_ENGLISH
from crosslift.tasks.dataset import span_of_passage
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.xtreme.benchmark import xtreme_task

_LANGUAGES = xtreme_task("mlqa").languages
_FIELDS = SpanFields(withheld=True)
_PLAIN = "-context-{language}-question-{language}.json"

MLQA = LabelledDataset(
    name="mlqa",
    title="MLQA",
    what="MLQA: questions on passages in 7 languages, fine-tuned on SQuAD 1.1",
    languages=_LANGUAGES,
    form=span_of_passage(unanswerable=False),
    metric="answer_f1",
    layouts=(
        Layout(
            train=(),
            dev=(f"dev/dev{_PLAIN}",),
            test=(f"test/test{_PLAIN}",),
            read=questions,
            fields=_FIELDS,
            folders=("MLQA_V1", "mlqa/MLQA_V1", "mlqa"),
        ),
        Layout(
            train=(),
            dev=(f"dev{_PLAIN}",),
            test=(f"test{_PLAIN}",),
            read=questions,
            fields=_FIELDS,
            folders=("mlqa",),
        ),
    ),
    hub=HubDataset(
        "google/xtreme",
        revision="main",
        fields=_FIELDS,
        test=("test",),
        configs={code: f"MLQA.{code}.{code}" for code in _LANGUAGES},
    ),
    where="https://github.com/facebookresearch/MLQA (MLQA_V1.zip)",
    other_english=SQUAD_ENGLISH,
    other_name="squad-1.1",
    dev="shared",
    licence="CC BY-SA 3.0",
    citation="Lewis, Oguz, Rinott, Riedel and Schwenk 2020 (arXiv 1910.07475)",
)
