"""Zero-shot classification of pictures of one's own, by the names of the classes in each language.

In each language the candidates are the names of all classes in it, in templates where there are some.
A class without a name in a language would make that language easier than the others, so it is a gap.
"""

from __future__ import annotations

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError
from crosslift.sources.captioned_targets.class_folders import ClassFolders, load_classes
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.targets.captioned_sets import measured_languages
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import PICTURE_CLASSES
from crosslift.targets.target_settings import PictureSettings

_FILES = "classes.csv (columns class, en, de, ...) and a folder of pictures for each class"


def _load(settings: PictureSettings) -> PictureData:
    found = load_classes(settings.needed_data(_FILES), settings.images)
    codes = tuple(found.names)
    measured, gaps = measured_languages(settings, codes, codes, _FILES, "names of classes")
    unnamed = {code: why for code in measured if (why := _unnamed(found, code))}
    if unnamed and (settings.languages or len(unnamed) == len(measured)):
        code, why = next(iter(unnamed.items()))
        raise DataError(f"{settings.data}, language {code}: {why}", "a name of every class")
    texts = {code: _texts(found, code) for code in measured if code not in unnamed}
    checksum = key_of(
        {
            "tables": checksum_of_files(found.sources),
            "pictures": checksum_of_files(list(found.pictures.values())),
            "classes": dict(found.classes),
        }
    )
    return PictureData(found.pictures, texts, {**gaps, **unnamed}, checksum, classes=found.classes)


def _unnamed(found: ClassFolders, code: str) -> str:
    """Why a language cannot be measured; empty where it can."""
    absent = [name for name in found.every_class if name not in found.names[code]]
    return f"no name of {len(absent)} classes, such as {absent[0]}" if absent else ""


def _texts(found: ClassFolders, code: str) -> dict[str, tuple[str, ...]]:
    templates = found.templates.get(code, ("{}",))
    named = found.names[code]
    return {
        name: tuple(template.replace("{}", named[name]) for template in templates)
        for name in found.every_class
    }


PICTURE_CLASSES_TARGET = PictureTarget(
    name="picture-classes",
    title="own classes of pictures",
    description="pictures of your own told apart by the names of their classes (needs --data)",
    metric="top1_accuracy",
    load=_load,
    protocols=PICTURE_CLASSES,
    needs_data=True,
    licence="of your files",
    citation="your files",
    texts="words",
)
