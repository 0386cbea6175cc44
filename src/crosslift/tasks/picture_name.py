"""Pictograms and their English names."""

from crosslift.tasks.pictogram_records import PictureNames
from crosslift.tasks.task import FormSpec, IntermediateTask

PICTURE_NAME = IntermediateTask(
    name="picture-name",
    title="pictograms and their English names (image-text)",
    form=FormSpec("image-text", {"text": "name"}),
    source=PictureNames(),
    languages=("en",),
    licence="pictures: CC BY-SA 4.0 (OpenMoji); names: BSD-3-Clause (emoji), Unicode licence (CLDR)",
    citation="OpenMoji 17 (openmoji.org); Python package emoji",
)
