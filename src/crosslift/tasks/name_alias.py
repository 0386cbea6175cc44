"""English names of pictograms and their English aliases: the text-only half of picture-name."""

from crosslift.tasks.pictogram_records import NameAliases
from crosslift.tasks.task import FormSpec, IntermediateTask

NAME_ALIAS = IntermediateTask(
    name="name-alias",
    title="English names of concepts and their English aliases (text pairs)",
    form=FormSpec("text-pairs", {"anchor": "name", "positive": "alias"}),
    source=NameAliases(),
    languages=("en",),
    licence="BSD-3-Clause (emoji), Unicode licence (CLDR)",
    citation="Python package emoji",
    at_hand=True,
)
