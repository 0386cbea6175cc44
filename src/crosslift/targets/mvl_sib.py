"""MVL-SIB: which picture has the topic of a sentence, in 205 languages (Schmidt et al. 2025).

Ours: every sentence asks among all pictures, and every picture among all sentences; all of its topic
are right; the metric `chance` is that of a random guess, one in seven for sentences. MTEB's: every
query chooses among four pictures. Nothing is trained, so all three splits of SIB-200 count.
"""

from __future__ import annotations

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError
from crosslift.sources.captioned_targets.topic_files import (
    LANGUAGES,
    has_choices,
    languages_in,
    load_pictures,
    load_texts,
    refuse_unequal,
)
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.targets.captioned_sets import measured_languages
from crosslift.targets.kinds.pictures_with_texts import PictureData, PictureTarget
from crosslift.targets.protocols import MTEB_TOPICS, PICTURE_RETRIEVAL
from crosslift.targets.target_settings import PictureSettings

MVL_SIB_LANGUAGES = tuple(sorted(LANGUAGES.values()))
"""BCP-47 codes of the 205 languages."""

_FILES = (
    "data/sib200/deu_Latn/*.tsv and data/images/sib200, or MTEB's data/deu_Latn and data/corpus"
)


def _load(settings: PictureSettings) -> PictureData:
    folder = settings.needed_data(_FILES)
    if {"mteb", "all"} & set(settings.protocols) and not has_choices(folder):
        raise DataError(
            f"{folder} has no candidates of each query, which MTEB's definition needs",
            "MTEB's packing: data/corpus/test.parquet, data/deu_Latn/top_ranked.parquet",
            "leave `protocols` out to measure ours alone",
        )
    asked = settings.model_copy(
        update={"languages": settings.languages and tuple(map(_code, settings.languages))}
    )
    there = languages_in(folder)
    measured, gaps = measured_languages(asked, MVL_SIB_LANGUAGES, there, _FILES, "sentences")
    shown = load_pictures(folder)
    read = {code: load_texts(folder, code, shown) for code in measured}
    refuse_unequal(folder, read)
    topics = dict(shown.topics)
    for code, found in read.items():
        other = next((i for i, t in found.topics.items() if topics.setdefault(i, t) != t), None)
        if other is not None:
            raise DataError(
                f"{folder}, language {code}: {other} is of the topic {found.topics[other]!r}",
                f"{topics[other]!r}, as in the languages before",
            )
    sources = [path for found in read.values() for path in found.sources]
    checksum = key_of({"files": checksum_of_files([*sources, *shown.sources])})
    texts = {c: {item: (text,) for item, text in t.texts.items()} for c, t in read.items()}
    choices = {code: found.choices for code, found in read.items() if found.choices}
    return PictureData(shown.pictures, texts, gaps, checksum, topics=topics, choices=choices)


def _code(name: str) -> str:
    """The code of a language asked for as here (``de``) or as the files have it (``deu_Latn``)."""
    return LANGUAGES.get(name, name)


MVL_SIB = PictureTarget(
    name="mvl-sib",
    title="MVL-SIB topics",
    description="sentences in 205 languages and 70 pictures of their 7 topics (needs --data)",
    metric="top1_accuracy",
    load=_load,
    protocols=PICTURE_RETRIEVAL,
    others=(MTEB_TOPICS,),
    languages=MVL_SIB_LANGUAGES,
    needs_data=True,
    licence="CC BY-SA 4.0",
    citation="Schmidt, Schneider, Biemann and Glavaš 2025, arXiv 2502.12852; WueNLP/mvl-sib",
)
