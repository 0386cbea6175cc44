"""``python -m crosslift.ranks.rank_process NUMBER FILE_DESCRIPTOR``: the process of one rank."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from crosslift.artifacts.device import device
from crosslift.errors import CrossLiftError


def main(number: int, descriptor: int) -> None:
    """Does the work that the process which started this one sends, and sends back what comes of it."""
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    work, arguments, count, meeting = connection.recv()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, stop), daemon=True).start()
    speaker = _Speaker(connection, number)
    try:
        from crosslift.ranks.together import RanksTogether

        _choose_device(number)
        ranks = RanksTogether(number, count, meeting, stop.is_set)
        result = work(ranks, speaker.say, *arguments)
        connection.send(("done", result if number == 0 else None))
    except KeyboardInterrupt:
        connection.send(("done", None))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the process that waits hears of it)
        _send_error(connection, error)
    _leave()


class _Speaker:
    """Sends what the first rank says; the others are silent."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection, self._speaks = connection, number == 0

    def say(self, content: Any) -> None:
        """Sends it."""
        if self._speaks:
            self._connection.send(("said", content))


def _listen(connection: Connection, stop: threading.Event) -> None:
    """Waits for word to stop; ends this process where the one that started it has ended."""
    try:
        while connection.recv() != "stop":
            pass
        stop.set()
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)


def _choose_device(number: int) -> None:
    import torch

    if device().type == "cuda":
        torch.cuda.set_device(number)


def _send_error(connection: Connection, error: BaseException) -> None:
    from crosslift.ranks.together import LostRankError

    text = "" if isinstance(error, CrossLiftError) else traceback.format_exc()
    consequence = isinstance(error, LostRankError)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 (an error of a library that cannot be pickled raises anything)
        error = RuntimeError(f"{type(error).__name__}: {error}")
    connection.send(("failed", (error, text, consequence)))


def _leave() -> None:
    """Ends the process without waiting for connections to ranks that may be gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
