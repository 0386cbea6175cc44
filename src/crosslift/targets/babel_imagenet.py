"""Babel-ImageNet: photographs of ImageNet, classified by the names of their classes in 298 languages.

In each language, the candidates are the classes that have a name in it, and the queries are the
photographs of these classes. Languages have from 10 to 1,000 classes. To compare accuracies across
languages, read them beside the metric `chance`: one divided by the number of classes.

Image towers that were trained on ImageNet have seen labelled photographs of the same classes.
"""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.imagenet_names import (
    ClassNames,
    language_of,
    load_class_names,
)
from crosslift.sources.captioned_targets.imagenet_photographs import load_photographs
from crosslift.targets.captioned_sets import measured_languages
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import PICTURE_CLASSES
from crosslift.targets.target_settings import PictureSettings

LEAST_CLASSES = 10
"""Fewest classes with a name and a photograph that a language needs, as in the publication. A language
with fewer is a gap."""

UNSEEN = "class without a photograph, a candidate all the same"
"""The reason under which classes without photographs are counted."""

_FILES = "babel_imagenet-298.json"
_DATA = f"{_FILES}, and photographs of ImageNet in the same folder or in `images`"


def _load(settings: PictureSettings) -> PictureData:
    class_names = load_class_names(settings.needed_data(_DATA))
    photographs = load_photographs(settings.images or class_names.sources[0].parent)
    photographed = frozenset(photographs.classes.values())
    with_codes = settings.model_copy(
        update={"languages": settings.languages and tuple(map(_code, settings.languages))}
    )
    codes = tuple(class_names.names)
    measured, gaps = measured_languages(with_codes, codes, codes, _FILES, "names of classes")
    scarce = {code: why for code in measured if (why := _too_few(class_names, code, photographed))}
    if scarce and (settings.languages or len(scarce) == len(measured)):
        code, why = next(iter(scarce.items()))
        raise DataError(f"{settings.data}, language {code}: {why}", f"{LEAST_CLASSES} or more")
    texts = {code: _texts(class_names, code) for code in measured if code not in scarce}
    candidates = {name for classes in texts.values() for name in classes}
    pictures = {
        item: p
        for item, p in photographs.pictures.items()
        if photographs.classes[item] in candidates
    }
    classes = {item: photographs.classes[item] for item in pictures}
    left_out = {
        code: {UNSEEN: n}
        for code, names in texts.items()
        if (n := len(names.keys() - photographed))
    }
    return PictureData(pictures, texts, gaps={**gaps, **scarce}, classes=classes, left_out=left_out)


def _code(name: str) -> str:
    """The code of a language that is requested by our code (``yue``) or by that of the files
    (``ZH_YUE``)."""
    return language_of(name) if name.isupper() else name


def _too_few(class_names: ClassNames, code: str, photographed: frozenset[str]) -> str:
    """Why a language is not measured; empty if it is measured."""
    count = sum(name in photographed for name in class_names.names[code])
    return f"{count} classes with a name and a photograph" if count < LEAST_CLASSES else ""


def _texts(class_names: ClassNames, code: str) -> dict[str, tuple[str, ...]]:
    templates = class_names.templates.get(code, ("{}",))
    return {
        index: tuple(template.replace("{}", name) for template in templates)
        for index, name in class_names.names[code].items()
    }


BABEL_IMAGENET = PictureTarget(
    name="babel-imagenet",
    title="Babel-ImageNet",
    description="photographs of ImageNet classified by class names in 298 languages (needs --data)",
    metric="top1_accuracy",
    load=_load,
    protocols=PICTURE_CLASSES,
    needs_data=True,
    licence="names: MIT; photographs: ImageNet's terms, research use",
    citation="Geigle, Timofte and Glavaš 2024, arXiv 2306.08658; Deng et al. 2009 (ImageNet)",
    photographs="imagenet-1k",
    texts="words",
)
