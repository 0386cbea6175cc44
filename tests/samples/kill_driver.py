"""Runs the small study again and again, killed at one moment after another, until it ends.

A child process is forked for each try; it kills itself with SIGKILL at its n-th passage of a
watched moment: a training update, a flush inside the writing of a file, a rename. After the
tenth kill n grows from try to try, as the writing of the run's folder begins anew each time. The file
OUT.kills has the moments at which it was killed.

    python kill_driver.py ENCODER STORE OUT PASSAGES
"""

from __future__ import annotations

import itertools
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts import files
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.tasks.gettext_mlm import GETTEXT_MLM
from crosslift.training import checkpoint, loop

loop.SECONDS_BETWEEN_CHECKPOINTS = 0.0
loop.SHARE_OF_CHECKPOINTS = math.inf
MOMENTS: dict[str, tuple[Any, str]] = {
    "update": (loop._Run, "_update"),
    "flush": (files, "_flush_to_disk"),
    "rename": (files, "_rename_unless_made"),
    "checkpoint": (checkpoint, "save_file"),
}


def watch(passages: int, log: Path) -> None:
    """Arms the watched moments: the process dies at the n-th passage of any of them."""
    left = passages

    def deadly(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def passed(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                with log.open("a", encoding="utf-8") as file:
                    file.write(f"{name}\n")
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*given, **named)

        return passed

    for name, (module, function) in MOMENTS.items():
        setattr(module, function, deadly(name, getattr(module, function)))


def main(encoder: Path, store: Path, out: Path, passages: int) -> None:
    """Tries until a child ends by itself."""
    log = out.with_suffix(".kills")
    log.touch()
    with reading_once():
        GETTEXT_MLM.source.train()  # every child begins with what the parent has read
        for tries in itertools.count():
            child = os.fork()
            if child == 0:
                watch(passages * max(1, tries - 8), log)
                run_study(small_study(encoder), out, Store(store))
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status):
                sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
