"""Results of a search as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

from crosslift.live.pool import Candidate, Pool
from crosslift.live.search import SearchResult

COLUMNS = (
    *("pool", "query", "arm", "rank", "score", "text", "picture", "languages"),
    *("baseline", "rank in baseline", "score in baseline"),
)
"""Columns of the CSV."""


def pool_facts(pool: Pool) -> dict[str, Any]:
    """A pool as JSON."""
    return {
        "id": pool.id,
        "title": pool.title,
        "kind": pool.kind,
        "size": len(pool.candidates),
        "languages": {code: len(places) for code, places in pool.by_language.items()},
        "missing": dict(pool.missing),
        "notes": list(pool.notes),
    }


def as_json(result: SearchResult) -> dict[str, Any]:
    """A result as JSON; docs/explorer-live.md describes it."""
    return {
        "pool": result.pool.id,
        "searched": result.searched,
        "arms": [
            {
                "arm": hits.arm,
                "baseline": hits.baseline,
                "shared": hits.shared,
                "hits": list(hits.places),
            }
            for hits in result.arms
        ],
        "missing": dict(result.missing),
        "items": {
            str(place): {
                **_item(result.pool, place, candidate),
                "ranks": {arm: standing.rank for arm, standing in of_arms.items()},
                "scores": {arm: standing.score for arm, standing in of_arms.items()},
            }
            for place, (candidate, of_arms) in result.items.items()
        },
    }


def _item(pool: Pool, place: int, candidate: Candidate) -> dict[str, Any]:
    picture = None if candidate.picture is None else f"api/picture/{quote(pool.id)}/{place}"
    return {
        "text": candidate.text,
        "name": candidate.name,
        "picture": picture,
        "languages": list(candidate.languages),
    }


def as_csv(result: SearchResult, query: str) -> str:
    """A result as CSV, a row for each hit of each arm.

    Args:
        result: result of a search.
        query: the text that was looked for, or words for a picture.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for hits in result.arms:
        for place in hits.places:
            candidate, of_arms = result.items[place]
            own, other = of_arms[hits.arm], of_arms.get(hits.baseline)
            writer.writerow(
                (
                    *(result.pool.id, query, hits.arm, own.rank, own.score),
                    *(candidate.text or "", candidate.name, " ".join(candidate.languages)),
                    *(hits.baseline, *((other.rank, other.score) if other else ("", ""))),
                )
            )
    return file.getvalue()
