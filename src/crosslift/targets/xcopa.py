"""XCOPA: which of two sentences is the cause, or the effect, of a premise, in 11 languages.

The examples are translations of COPA's, in the same order: 100 dev and 500 test examples in each
language (Ponti et al. 2020, table 1). There are none in English. As in that paper (section 4), encoders
are fine-tuned on Social IQa. Its questions have three choices, but every choice is scored alone, so the
encoder can also choose between two. The question is in English, in the words of COPA (Roemmele et al.
2011), whatever the language of the premise.
"""

from __future__ import annotations

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import ChoiceFields
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row, changed, short
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.tasks.social_iqa import SOCIAL_IQA, SOCIAL_IQA_DATA

_LANGUAGES = ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")
_QUESTIONS = {"cause": "What was the cause of this?", "effect": "What happened as a result?"}
_FIELDS = ChoiceFields(
    texts={"context": "premise", "question": "asked"},
    choices=("choice1", "choice2"),
    count=2,
    answer="label",
    answers={"0": 0, "1": 1},
)


def _in_words(row: Row) -> dict[str, object]:
    kind = row.value("question")
    if not isinstance(kind, str) or kind not in _QUESTIONS:
        raise row.fault(f"'question' holds {short(kind)}", "cause or effect")
    return {**row.values, "asked": _QUESTIONS[kind]}


XCOPA = LabelledDataset(
    name="xcopa",
    title="XCOPA",
    what="XCOPA: causes and effects in 11 languages, fine-tuned on Social IQa",
    languages=_LANGUAGES,
    form=SOCIAL_IQA.form,
    metric="accuracy",
    layouts=(
        Layout(
            train=(),
            dev=("{language}/val.{language}.jsonl",),
            test=("{language}/test.{language}.jsonl",),
            read=changed(json_lines, _in_words),
            fields=_FIELDS,
            folders=("data", "xcopa/data", "xcopa"),
        ),
    ),
    hub=HubDataset(
        "cambridgeltl/xcopa",
        revision="main",
        fields=_FIELDS,
        configs={code: code for code in _LANGUAGES},
        test=("test",),
        change=_in_words,
    ),
    where="https://github.com/cambridgeltl/xcopa (data)",
    other_english=EnglishData(SOCIAL_IQA_DATA.files, SOCIAL_IQA_DATA.hub),
    other_name=SOCIAL_IQA.name,
    dev="none",
    licence="CC BY 4.0",
    citation="Ponti et al. 2020 (arXiv 2005.00333)",
)
