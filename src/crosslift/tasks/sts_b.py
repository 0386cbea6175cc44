"""STS benchmark: how similar two sentences are, 0 to 5.

Its files end in ``.csv``, but their columns are separated by tabs, without a header or quotes. Some
rows name their sources in further columns.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import GradeFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, pair_grades

_COLUMNS = ("genre", "filename", "year", "place", "score", "sentence1", "sentence2")

STS_B = DatasetTask(
    name="sts-b",
    title="STS benchmark: how similar two sentences are, 0 to 5",
    form=pair_grades(0.0, 5.0),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(
                    ("sts-train.csv",),
                    ("sts-dev.csv",),
                    TabSeparated(header=_COLUMNS, more_cells=True),
                    GradeFields("sentence1", "sentence2", "score", 0, 5),
                    folders=("stsbenchmark",),
                ),
            ),
            where="http://ixa2.si.ehu.eus/stswiki/index.php/STSbenchmark",
        ),
        hub=HubDataset(
            "nyu-mll/glue",
            revision="bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c",
            fields=GradeFields("sentence1", "sentence2", "label", 0, 5),
            config="stsb",
        ),
    ),
    languages=("en",),
    licence="scores CC BY-SA 4.0; texts: of each part (LICENSE.txt in the archive)",
    citation="Cer, Diab, Agirre, Lopez-Gazpio and Specia 2017 (arXiv 1708.00055)",
    train_examples=5_749,
)
