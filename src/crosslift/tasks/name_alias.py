"""English names of pictograms and their English aliases: the text-only half of picture-name."""

from crosslift.sources.pictograms import NAMES_ORIGIN
from crosslift.tasks.pictogram_records import NameAliases
from crosslift.tasks.task import FormSpec, IntermediateTask

NAME_ALIAS = IntermediateTask(
    name="name-alias",
    title="English names of concepts and their English aliases (text pairs)",
    form=FormSpec("text-pairs", {"anchor": "name", "positive": "alias"}),
    source=NameAliases(),
    languages=("en",),
    licence=NAMES_ORIGIN.licence,
    citation=NAMES_ORIGIN.citation,
    at_hand=True,
)
