"""SICK, in the files of SemEval 2014 task 1: entailment and relatedness of described scenes.

The trial file is dev. The revision of the hub's copy is not pinned: it is read from the branch
`refs/convert/parquet`, whose commit is part of the key (the main branch contains a script). That copy
has fewer records than the files: 4,439 for training and 495 for dev.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import Fields, GradeFields, PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import (
    NLI_BY_NUMBER,
    NLI_LABELS,
    DatasetTask,
    pair_classes,
    pair_grades,
)

_LICENCE = "CC BY-NC-SA 3.0"
_CITATION = "Marelli, Menini, Baroni, Bentivogli, Bernardi and Zamparelli 2014 (LREC)"


def _data(file_fields: Fields, hub_fields: Fields) -> PublishedData:
    return PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(("SICK_train.txt",), ("SICK_trial.txt",), TabSeparated(), file_fields),
            ),
            where="https://alt.qcri.org/semeval2014/task1/ (sick_train.zip, sick_trial.zip)",
        ),
        hub=HubDataset("RobZamp/sick", revision="refs/convert/parquet", fields=hub_fields),
    )


SICK = DatasetTask(
    name="sick",
    title="SICK: entailment, neutral or contradiction",
    form=pair_classes(NLI_LABELS),
    source=_data(
        PairFields(
            "sentence_A",
            "sentence_B",
            "entailment_judgment",
            {label.upper(): label for label in NLI_LABELS},
            ("pair_ID",),
        ),
        PairFields("sentence_A", "sentence_B", "label", NLI_BY_NUMBER),
    ),
    languages=("en",),
    licence=_LICENCE,
    citation=_CITATION,
    train_examples=4_500,
)

SICK_RELATEDNESS = DatasetTask(
    name="sick-relatedness",
    title="SICK: how related two sentences are, 1 to 5",
    form=pair_grades(1.0, 5.0),
    source=_data(
        GradeFields("sentence_A", "sentence_B", "relatedness_score", 1, 5, ("pair_ID",)),
        GradeFields("sentence_A", "sentence_B", "relatedness_score", 1, 5),
    ),
    languages=("en",),
    licence=_LICENCE,
    citation=_CITATION,
    train_examples=4_500,
)
