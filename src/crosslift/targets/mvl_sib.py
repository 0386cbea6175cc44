"""MVL-SIB: which picture has the topic of a sentence, in 205 languages (Schmidt et al. 2025).

In our protocols, every sentence is a query among all pictures, and every picture among all sentences.
All candidates of its topic are right. The metric `chance` is the accuracy of a random guess, one in
seven for sentences. In MTEB's protocol, every query chooses among four pictures. Nothing is trained, so
all three splits of SIB-200 are used.
"""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.captioned_targets.topic_files import (
    LANGUAGES,
    has_choices,
    languages_in,
    load_pictures,
    load_texts,
    refuse_unequal,
)
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
    with_codes = settings.model_copy(
        update={"languages": settings.languages and tuple(map(_code, settings.languages))}
    )
    available = languages_in(folder)
    measured, gaps = measured_languages(
        with_codes, MVL_SIB_LANGUAGES, available, _FILES, "sentences"
    )
    pictures = load_pictures(folder)
    texts_by_language = {code: load_texts(folder, code, pictures) for code in measured}
    refuse_unequal(folder, texts_by_language)
    topics = dict(pictures.topics)
    for code, language_texts in texts_by_language.items():
        language_topics = language_texts.topics
        other = next((i for i, t in language_topics.items() if topics.setdefault(i, t) != t), None)
        if other is not None:
            raise DataError(
                f"{folder}, language {code}: {other} is of the topic {language_topics[other]!r}",
                f"{topics[other]!r}, as in the languages before",
            )
    texts = {
        c: {item: (text,) for item, text in t.texts.items()} for c, t in texts_by_language.items()
    }
    choices = {code: each.choices for code, each in texts_by_language.items() if each.choices}
    return PictureData(pictures.pictures, texts, gaps=gaps, topics=topics, choices=choices)


def _code(name: str) -> str:
    """The code of a language that is requested by our code (``de``) or by that of the files
    (``deu_Latn``)."""
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
