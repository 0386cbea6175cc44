"""Drawing SVG files in separate processes, because a hostile file can kill the process that draws it.

resvg draws nested groups, and chains of ``use``, ``pattern`` and ``marker``, by recursion: a file of
2 KB overflows the stack. A filter of a few bytes keeps it busy for days. No check of the text excludes
all of that.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from crosslift.artifacts.parse import parse_json
from crosslift.errors import CrossLiftError, DataError
from crosslift.sources.picture import Picture

_PROGRAM = Path(__file__).with_name("svg_renderer.py")
_TRIES = 2
SECONDS = 20.0
"""The longest processor time for drawing one picture."""


def draw_svg(svg: str, path: Picture, width: int | None, height: int | None) -> bytes:
    """The PNG of an SVG on white.

    Args:
        svg: a text that `check_svg` accepts.
        path: the file, for messages.
        width: width of the PNG in pixels. None: it follows from the height.
        height: height of the PNG in pixels. None: it follows from the width.

    Raises:
        DataError: it cannot be drawn, or needs too much time or memory.
    """
    cause = ""
    for _ in range(_TRIES):  # another process may have killed a renderer
        renderer = _idle.pop() if _idle else _Renderer()
        try:
            drawn, body = renderer.draw(svg, {"width": width, "height": height, "seconds": SECONDS})
        except _DeadRendererError as death:
            cause = str(death)
            continue
        _idle.append(renderer)
        if drawn:
            return body
        raise DataError(f"{path} cannot be drawn: {body.decode()}", "a valid SVG")
    raise DataError(
        f"{path} cannot be drawn: {cause}",
        "an SVG without deep nesting, long chains of references and huge filters",
    )


class _DeadRendererError(Exception):
    """A renderer died while it drew a picture; the text is the cause."""


class _Renderer:
    """A process of `svg_renderer`; it draws one picture at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def draw(self, svg: str, settings: Mapping[str, float | None]) -> tuple[bool, bytes]:
        """Whether the SVG was drawn, and the PNG or the reason.

        Raises:
            _DeadRendererError: the process ended.
        """
        content = svg.encode("utf-8")
        head = dict(settings) | {"length": len(content)}
        try:
            self._requests.write(json.dumps(head).encode() + b"\n" + content)
            self._requests.flush()
            answer = parse_json(self._answers.readline(), "the renderer's answer")
            body = self._answers.read(answer["length"])
        except (OSError, CrossLiftError) as error:  # the process has closed its ends of the pipes
            raise self._death() from error
        if len(body) < answer["length"]:
            raise self._death()
        return answer["drawn"], body

    def end(self) -> None:
        """Ends the process, by closing its requests, and waits for it."""
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):  # the process died before it read everything
                pipe.close()
        self._process.wait()

    @property
    def _requests(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise TypeError("a renderer without standard input")
        return self._process.stdin

    @property
    def _answers(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise TypeError("a renderer without standard output")
        return self._process.stdout

    def _death(self) -> _DeadRendererError:
        self.end()
        code = self._process.returncode
        if code == -signal.SIGPROF:
            return _DeadRendererError(f"it takes more than {SECONDS:g} s of processor time")
        cause = signal.Signals(-code).name if code < 0 else f"status {code}"
        return _DeadRendererError(f"the renderer died ({cause})")


_idle: deque[_Renderer] = deque()
"""Renderers without a picture; a thread removes one to use it, and adds it again."""


def _end_all() -> None:
    while _idle:
        _idle.pop().end()


atexit.register(_end_all)
os.register_at_fork(after_in_child=_idle.clear)  # renderers belong to the process that started them
