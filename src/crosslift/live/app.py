"""The addresses of the server."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial, singledispatch

from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from crosslift.errors import CrossLiftError
from crosslift.images.decode import load_picture
from crosslift.live.answers import as_csv, as_json, pool_facts
from crosslift.live.arms import LiveRun
from crosslift.live.bodies import PICTURE_TYPES, SearchRequest, picture_request, text_request
from crosslift.live.encoders import (
    MAX_PIXELS,
    MAX_TEXT,
    MAX_UPLOAD,
    ArmEncoders,
    PictureQuery,
    Query,
    TextQuery,
)
from crosslift.live.guard import Guard
from crosslift.live.page import LivePage
from crosslift.live.pool import Pool
from crosslift.live.refusals import Refusal
from crosslift.live.search import MOST_HITS, search
from crosslift.live.worker import Worker
from crosslift.reports.looks import looks_of

_MOST_SEARCHES = 32
_MOST_THUMBNAILS = 1024
_THUMBNAIL = 192
_KEPT_THUMBNAILS = 2048


@dataclass(frozen=True)
class LiveSearch:
    """The pools to search, and the encoders that read queries.

    Args:
        run: with its arms.
        encoders: encoders of the arms.
        pools: id -> pool.
        notes: what a reader of the page must know.
        page: page that is served.
    """

    run: LiveRun
    encoders: ArmEncoders
    pools: Mapping[str, Pool]
    notes: Sequence[str]
    page: LivePage
    searches: Worker = field(default_factory=lambda: Worker("search", _MOST_SEARCHES))
    thumbnails: Worker = field(default_factory=lambda: Worker("thumbnails", _MOST_THUMBNAILS))

    def close(self) -> None:
        """Ends the workers."""
        self.searches.close()
        self.thumbnails.close()

    def pool(self, name: str) -> Pool:
        """The pool with an id.

        Raises:
            Refusal: there is none.
        """
        if name not in self.pools:
            raise Refusal(404, f"no pool has the id {name[:100]!r}")
        return self.pools[name]


def live_app(live: LiveSearch, host: str, token: str | None) -> ASGIApp:
    """The application.

    Args:
        live: the pools and encoders.
        host: host that the server is bound to.
        token: token that every request must have; None: none.
    """
    app = Starlette(
        routes=[
            Route("/", _page, methods=["GET"]),
            Route("/favicon.ico", _no_icon, methods=["GET"]),
            Route("/api/live", _facts, methods=["GET"]),
            Route("/api/search/text", _search_text, methods=["POST"]),
            Route("/api/search/picture", _search_picture, methods=["POST"]),
            Route("/api/picture/{pool:str}/{place:int}", _picture, methods=["GET"]),
        ],
        exception_handlers=dict.fromkeys(
            (Refusal, CrossLiftError, HTTPException, Exception), _failed
        ),
    )
    app.router.redirect_slashes = False
    app.state.live = live
    app.state.thumbnail = lru_cache(_KEPT_THUMBNAILS)(partial(_thumbnail, live))
    return Guard(app, host, token)


async def _page(request: Request) -> Response:
    page: LivePage = request.app.state.live.page
    return Response(
        page.content, media_type="text/html", headers={"content-security-policy": page.policy}
    )


async def _no_icon(request: Request) -> Response:
    """Browsers ask for it with every page."""
    del request
    return Response(status_code=204)


async def _facts(request: Request) -> Response:
    live: LiveSearch = request.app.state.live
    facts = live.run.folder.run
    looks = looks_of(facts.arms)
    return JSONResponse(
        {
            "study": facts.study,
            "arms": [
                {
                    "name": arm.name,
                    "baseline": arm.baseline,
                    "colour": looks[arm.name].light,
                    "colour_dark": looks[arm.name].dark,
                    "pictures": live.encoders.towers[arm.name] is not None,
                    "notes": list(arm.notes),
                }
                for arm in live.run.arms
            ],
            "missing": dict(live.run.missing),
            "pools": [pool_facts(pool) for pool in live.pools.values()],
            "notes": list(live.notes),
            "limits": {
                "characters": MAX_TEXT,
                "bytes": MAX_UPLOAD,
                "pixels": MAX_PIXELS,
                "hits": MOST_HITS,
                "types": list(PICTURE_TYPES),
            },
        }
    )


async def _search_text(request: Request) -> Response:
    wanted = await text_request(request)
    return await _searched(request, wanted, TextQuery(wanted.text), wanted.text)


async def _search_picture(request: Request) -> Response:
    wanted, picture = await picture_request(request)
    return await _searched(request, wanted, PictureQuery(picture), "(a picture)")


async def _searched(request: Request, wanted: SearchRequest, query: Query, words: str) -> Response:
    live: LiveSearch = request.app.state.live
    pool = live.pool(wanted.pool)
    work = partial(search, query, pool, live.encoders, wanted.count, wanted.languages)
    result = await live.searches.do(work)
    if "text/csv" not in request.headers.get("accept", ""):
        return JSONResponse(as_json(result))
    name = {"content-disposition": 'attachment; filename="hits.csv"'}
    return Response(as_csv(result, words), media_type="text/csv", headers=name)


async def _picture(request: Request) -> Response:
    live: LiveSearch = request.app.state.live
    pool, place = live.pool(request.path_params["pool"]), request.path_params["place"]
    if pool.picture(place) is None:
        raise Refusal(404, f"{pool.id} has no picture {place}")
    data = await live.thumbnails.do(partial(request.app.state.thumbnail, pool.id, place))
    return Response(
        data, media_type="image/webp", headers={"cache-control": "private, max-age=3600"}
    )


def _thumbnail(live: LiveSearch, pool: str, place: int) -> bytes:
    """A picture as WebP."""
    picture = live.pools[pool].picture(place)
    if picture is None:
        raise TypeError(f"{pool} has no picture {place}")
    file = io.BytesIO()
    square = load_picture(picture, _THUMBNAIL, max_pixels=MAX_PIXELS)
    Image.fromarray(square).save(file, "WEBP", quality=80)
    return file.getvalue()


@singledispatch
def _answer_to(error: Exception) -> Response:
    """The server logs the error; the client does not see it."""
    del error
    return JSONResponse({"error": "the server failed: its terminal says why"}, 500)


@_answer_to.register
def _(error: Refusal) -> Response:
    return JSONResponse({"error": error.words}, error.status, headers=error.headers)


@_answer_to.register
def _(error: CrossLiftError) -> Response:
    return JSONResponse({"error": str(error)}, 400)


@_answer_to.register
def _(error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    del request
    return _answer_to(error)
