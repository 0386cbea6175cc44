"""Babel-ImageNet: photographs of ImageNet told apart by the names of their classes in 298 languages.

In each language the candidates are the classes that have a name in it, and the photographs those of
these classes. Languages have from 10 to 1,000 classes, so accuracies compare across languages only
beside the chance of each, one in the number of its classes, which is a metric here.

Image towers that were trained on ImageNet have seen photographs of these very classes, with labels.
"""

from __future__ import annotations

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError
from crosslift.sources.captioned_targets.imagenet_names import (
    ClassNames,
    language_of,
    load_class_names,
)
from crosslift.sources.captioned_targets.imagenet_photographs import load_photographs
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.targets.captioned_sets import measured_languages
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import PICTURE_CLASSES
from crosslift.targets.target_settings import PictureSettings

LEAST_CLASSES = 10
"""Classes with a name and a photograph that a language needs, as the publication has it; a language
with fewer is a gap."""

UNSEEN = "class without a photograph, a candidate all the same"
"""What is counted where the photographs are not of all classes."""

_FILES = "babel_imagenet-298.json"
_DATA = f"{_FILES}, and photographs of ImageNet there or where `images` says"


def _load(settings: PictureSettings) -> PictureData:
    found = load_class_names(settings.needed_data(_DATA))
    shown = load_photographs(settings.images or found.sources[0].parent)
    there = frozenset(shown.classes.values())
    asked = settings.model_copy(
        update={"languages": settings.languages and tuple(map(_code, settings.languages))}
    )
    codes = tuple(found.names)
    measured, gaps = measured_languages(asked, codes, codes, _FILES, "names of classes")
    scarce = {code: why for code in measured if (why := _too_few(found, code, there))}
    if scarce and (settings.languages or len(scarce) == len(measured)):
        code, why = next(iter(scarce.items()))
        raise DataError(f"{settings.data}, language {code}: {why}", f"{LEAST_CLASSES} or more")
    texts = {code: _texts(found, code) for code in measured if code not in scarce}
    named = {name for classes in texts.values() for name in classes}
    pictures = {item: p for item, p in shown.pictures.items() if shown.classes[item] in named}
    classes = {item: shown.classes[item] for item in pictures}
    checksum = key_of(
        {
            "tables": checksum_of_files([*found.sources, *shown.sources]),
            "pictures": checksum_of_files(list(pictures.values())),
            "classes": classes,
        }
    )
    left_out = {
        code: {UNSEEN: n} for code, named in texts.items() if (n := len(named.keys() - there))
    }
    return PictureData(
        pictures, texts, {**gaps, **scarce}, checksum, classes=classes, left_out=left_out
    )


def _code(name: str) -> str:
    """The code of a language asked for as here (``yue``) or as the files have it (``ZH_YUE``)."""
    return language_of(name) if name.isupper() else name


def _too_few(found: ClassNames, code: str, there: frozenset[str]) -> str:
    """Why a language is not measured; empty where it is."""
    count = sum(name in there for name in found.names[code])
    return f"{count} classes with a name and a photograph" if count < LEAST_CLASSES else ""


def _texts(found: ClassNames, code: str) -> dict[str, tuple[str, ...]]:
    templates = found.templates.get(code, ("{}",))
    return {
        index: tuple(template.replace("{}", name) for template in templates)
        for index, name in found.names[code].items()
    }


BABEL_IMAGENET = PictureTarget(
    name="babel-imagenet",
    title="Babel-ImageNet",
    description="photographs of ImageNet told apart by class names in 298 languages (needs --data)",
    metric="top1_accuracy",
    load=_load,
    protocols=PICTURE_CLASSES,
    needs_data=True,
    licence="names: MIT; photographs: ImageNet's terms, research use",
    citation="Geigle, Timofte and Glavaš 2024, arXiv 2306.08658; Deng et al. 2009 (ImageNet)",
    photographs="imagenet-1k",
    texts="words",
)
