"""Retrieval with judgements from files: published collections, or your own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosslift.errors import DataError, UnknownNameError
from crosslift.languages import is_known
from crosslift.sources.judged.judged_set import MIXED, OWN, JudgedSet, with_pools
from crosslift.sources.judged.layouts import JUDGED_LAYOUTS, load_judged
from crosslift.targets.kinds.judged_texts import JudgedData, JudgedTarget
from crosslift.targets.protocols import JUDGED
from crosslift.targets.target_settings import JudgedSettings

_NO_PASSAGE = "no relevant passage in the pool"


def judged_data(
    settings: JudgedSettings,
    sets: Sequence[JudgedSet],
    place: str,
    unread: Mapping[str, str] | None = None,
) -> JudgedData:
    """The data of a target, with the pool and the languages that its settings request.

    Every passage of a pool stays a candidate, whatever languages of queries are requested.

    Args:
        settings: settings of the target.
        sets: all of the data.
        place: where they are, for errors.
        unread: file of the data that is not read -> why.

    Raises:
        DataError: an unknown pool; two sets of one language; no query has a relevant passage.
        UnknownNameError: a requested language is missing.
    """
    if settings.pool not in (None, OWN, MIXED):
        _check_pool(settings.pool, sets, place)
    pooled = list(sets) if settings.pool is None else with_pools(sets, settings.pool)
    by_name: dict[str, JudgedSet] = {}
    gaps: dict[str, str] = {}
    for each in pooled:
        name = each.name if each.pool.ids else each.language
        if not each.queries:
            gaps[name] = _NO_PASSAGE
        elif name in by_name:
            raise DataError(
                f"{place}: two sets of queries in {each.language} with the pool {settings.pool}",
                "one set of queries for each language",
                "put them into separate folders, or choose another `pool`",
            )
        else:
            by_name[name] = each
    chosen = {name: each for name, each in by_name.items() if _requested(settings, name, each)}
    for language in settings.languages or ():
        if not any(language in (name, each.language) for name, each in by_name.items()):
            raise UnknownNameError(
                f"language of {settings.name}", language, dict.fromkeys([*by_name, *gaps])
            )
    if not chosen:
        raise DataError(f"{place}: {_NO_PASSAGE}", "queries with relevant passages in the pool")
    left_out = {name: {_NO_PASSAGE: s.unanswered} for name, s in chosen.items() if s.unanswered}
    return JudgedData(chosen, gaps=gaps, left_out=left_out, unread=unread or {})


def _requested(settings: JudgedSettings, name: str, judged: JudgedSet) -> bool:
    languages = settings.languages
    return languages is None or name in languages or judged.language in languages


def _check_pool(pool: str | None, sets: Sequence[JudgedSet], place: str) -> None:
    languages = sorted({language for each in sets for language in each.pool.sizes})
    if pool not in languages:
        unknown = "" if pool and is_known(pool) else ", which is the code of no known language"
        raise DataError(
            f"{place}: no passages for `pool: {pool}`{unknown}",
            f"own, mixed, or one of {', '.join(languages)}",
        )


def _load(settings: JudgedSettings) -> JudgedData:
    folder = settings.needed_data(JUDGED_LAYOUTS)
    only = settings.languages[0] if settings.languages and len(settings.languages) == 1 else None
    loaded = load_judged(folder, only)
    if loaded.pool is not None and settings.pool is None:
        settings = settings.model_copy(update={"pool": loaded.pool})
    return judged_data(settings, loaded.sets, str(folder), loaded.unread)


JUDGED_FILES = JudgedTarget(
    name="judged",
    title="search",
    description="queries, passages and judgements: BEIR, TREC, MIRACL, Mr. TyDi, mMARCO, CLIRMatrix, "
    "LAReQA, Mewsli-X, or your own logs (needs --data)",
    metric="ndcg_at_10",
    protocols=JUDGED,
    load=_load,
    needs_data=True,
    licence="of the files",
    citation="of the files",
)
