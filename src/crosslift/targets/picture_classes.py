"""Zero-shot classification of your own pictures by the names of their classes in each language.

In each language, the candidates are the names of all classes, in templates if the data have some. A
class without a name would make a language easier than the others, so such a language is a gap.
"""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.class_folders import ClassFolders, load_classes
from crosslift.targets.captioned_sets import measured_languages
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import PICTURE_CLASSES
from crosslift.targets.target_settings import PictureSettings

_FILES = "classes.csv (columns class, en, de, ...) and a folder of pictures for each class"


def _load(settings: PictureSettings) -> PictureData:
    folders = load_classes(settings.needed_data(_FILES), settings.images)
    codes = tuple(folders.names)
    measured, gaps = measured_languages(settings, codes, codes, _FILES, "names of classes")
    unnamed = {code: why for code in measured if (why := _unnamed(folders, code))}
    if unnamed and (settings.languages or len(unnamed) == len(measured)):
        code, why = next(iter(unnamed.items()))
        raise DataError(f"{settings.data}, language {code}: {why}", "a name of every class")
    texts = {code: _texts(folders, code) for code in measured if code not in unnamed}
    return PictureData(folders.pictures, texts, gaps={**gaps, **unnamed}, classes=folders.classes)


def _unnamed(folders: ClassFolders, code: str) -> str:
    """Why a language cannot be measured; empty if it can."""
    unnamed = [name for name in folders.every_class if name not in folders.names[code]]
    return f"no name of {len(unnamed)} classes, such as {unnamed[0]}" if unnamed else ""


def _texts(folders: ClassFolders, code: str) -> dict[str, tuple[str, ...]]:
    templates = folders.templates.get(code, ("{}",))
    names = folders.names[code]
    return {
        name: tuple(template.replace("{}", names[name]) for template in templates)
        for name in folders.every_class
    }


PICTURE_CLASSES_TARGET = PictureTarget(
    name="picture-classes",
    title="own classes of pictures",
    description="pictures of your own classified by the names of their classes (needs --data)",
    metric="top1_accuracy",
    load=_load,
    protocols=PICTURE_CLASSES,
    needs_data=True,
    licence="of your files",
    citation="your files",
    texts="words",
)
