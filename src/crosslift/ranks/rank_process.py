"""``python -m crosslift.ranks.rank_process NUMBER FILE_DESCRIPTOR``: the process of one rank."""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from crosslift.artifacts.device import device
from crosslift.errors import CrossLiftError

STOP = pickle.dumps("stop")
"""The message that asks a rank to stop."""


def main(number: int, descriptor: int) -> None:
    """Does each piece of work that the parent process sends, and sends back its result, until that
    process has ended or work fails."""
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    count, meeting = connection.recv()
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, inbox, stop), daemon=True).start()
    speaker = _Speaker(connection, number)
    try:
        from crosslift.ranks.together import RanksTogether

        _choose_device(number)
        ranks = RanksTogether(number, count, meeting, stop.is_set)
        while True:
            result = _next_work(inbox)(ranks, speaker.say)
            connection.send(("done", result if number == 0 else None))
            del result
    except KeyboardInterrupt:
        connection.send(("stopped", None))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the process that waits hears of it)
        _send_error(connection, error)
    _leave()


def _next_work(inbox: queue.SimpleQueue[bytes]) -> Callable[..., Any]:
    """Waits for work. Called with the ranks and a way to say something, it frees what it was sent."""
    work, arguments = pickle.loads(inbox.get())
    return lambda ranks, say: work(ranks, say, *arguments)


class _Speaker:
    """Sends the messages of the first rank; other ranks send none."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection, self._speaks = connection, number == 0

    def say(self, content: Any) -> None:
        """Sends it."""
        if self._speaks:
            self._connection.send(("said", content))


def _listen(connection: Connection, inbox: queue.SimpleQueue[bytes], stop: threading.Event) -> None:
    """Receives messages: work, or a request to stop. Ends this process if its parent has ended."""
    try:
        while True:
            message = connection.recv_bytes()
            if message == STOP:
                stop.set()
            else:
                inbox.put(message)
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
