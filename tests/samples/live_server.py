"""A server of live search in a thread, and a small client of it."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from small_study import SCRATCH

from crosslift.live.app import LiveSearch
from crosslift.live.options import LiveOptions
from crosslift.live.page import LivePage
from crosslift.live.server import bound, serve

ARMS: dict[str, Any] = {
    "baseline": {},
    "text": {"stages": [{"task": "name-alias"}]},
    "image": {"stages": [{"task": "picture-name", **SCRATCH}]},
}
TARGETS: list[dict[str, Any]] = [
    {"name": "names", "languages": ["de", "ar"]},
    {"name": "pictures", "languages": ["en", "fa"], "pairs": 60},
]
TEXTS = ["a cat", "ein Hund", "=1+1, a formula", "шапка", "a cat", "<b>bold</b>"]
PAGE = LivePage("<!doctype html><script>document.title = 'live'</script><p>page")


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """A server that runs in a thread."""

    port: int

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            way = method or ("GET" if body is None else "POST")
            connection.request(way, path, body, dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())

    def search(self, text: str, pool: str, accept: str = "*/*", **more: Any) -> Answer:
        body = json.dumps({"text": text, "pool": pool, **more}).encode()
        return self.ask(
            "/api/search/text", body, {"content-type": "application/json", "accept": accept}
        )


@contextlib.contextmanager
def serving(live: LiveSearch, options: LiveOptions, token: str | None = None) -> Iterator[Running]:
    started, stops = threading.Event(), list[Any]()

    def note(stop: Any) -> None:
        stops.append(stop)
        started.set()

    with bound(options) as (listening, _):
        work = threading.Thread(target=serve, args=(live, options, token, listening, note))
        work.start()
        assert started.wait(60)
        try:
            yield Running(listening.getsockname()[1])
        finally:
            stops[0]()
            work.join(60)
            assert not work.is_alive()


def png(colour: tuple[int, int, int] = (200, 30, 30), size: int = 40) -> bytes:
    file = io.BytesIO()
    pixels = np.full((size, size, 3), colour, np.uint8)
    pixels[: size // 2] = 255
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
