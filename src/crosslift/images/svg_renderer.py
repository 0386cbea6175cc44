"""A process that draws SVG files for another process, which survives if this one dies.

It reads requests from standard input and writes answers to standard output, each a head and a body:
``{"width": int or null, "height": int or null, "seconds": float, "length": bytes}``, a line feed, and
the SVG in UTF-8; ``{"drawn": bool, "length": bytes}``, a line feed, and a PNG or the reason. A picture
that takes more processor time than its seconds ends the process by SIGPROF. It imports nothing of the
package, so that it starts fast.
"""

from __future__ import annotations

import json
import resource
import signal
import sys

import resvg_py

MEMORY = 4 * 2**30
"""The largest address space of the process, in bytes."""


def draw(svg: str, width: int | None, height: int | None) -> bytes:
    """The PNG of an SVG on white.

    Raises:
        ValueError: it cannot be drawn.
    """
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            background="#ffffff",
            skip_system_fonts=True,
            dpi=96,  # the default of 0 ignores lengths in millimetres
            width=width,
            height=height,
        )
    )


def answer_requests() -> None:
    """Draws until the requests end."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that sends requests
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while line := requests.readline():
        head = json.loads(line)
        svg = requests.read(head["length"]).decode("utf-8")
        signal.setitimer(signal.ITIMER_PROF, head["seconds"])
        try:
            body, drawn = draw(svg, head["width"], head["height"]), True
        except ValueError as error:
            body, drawn = str(error).encode(), False
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(json.dumps({"drawn": drawn, "length": len(body)}).encode() + b"\n" + body)
        answers.flush()


if __name__ == "__main__":
    answer_requests()
