"""Pictograms and their English names."""

from crosslift.sources.pictograms import PICTURES_ORIGIN
from crosslift.tasks.pictogram_records import PictureNames
from crosslift.tasks.task import FormSpec, IntermediateTask

PICTURE_NAME = IntermediateTask(
    name="picture-name",
    title="pictograms and their English names (image-text)",
    form=FormSpec("image-text", {"text": "name"}),
    source=PictureNames(),
    languages=("en",),
    licence=PICTURES_ORIGIN.licence,
    citation=PICTURES_ORIGIN.citation,
)
