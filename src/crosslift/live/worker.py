"""One thread that works for all requests, with a queue of limited length."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from crosslift.live.refusals import Refusal

Result = TypeVar("Result")


class Worker:
    """Does one piece of work after another.

    Args:
        name: name of its thread.
        most: pieces of work that may wait or run; more are refused.
    """

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._context = copy_context()
        self._most, self._waiting = most, 0
        self._lock = threading.Lock()
        self._seconds = 1.0  # of the last piece of work

    async def do(self, work: Callable[[], Result]) -> Result:
        """Runs work when its turn comes; returns or raises what the work does.

        Raises:
            Refusal: too much work waits, or the server ends.
        """
        with self._lock:
            if self._waiting >= self._most:
                seconds = max(1, math.ceil(self._waiting * self._seconds))
                raise Refusal(
                    503,
                    f"{self._waiting} requests wait: ask again in {seconds} s",
                    {"retry-after": str(seconds)},
                )
            self._waiting += 1
        try:
            future: Future[Result] = self._pool.submit(self._context.run, self._timed, work)
        except RuntimeError as error:  # it is closed
            self._leave()
            raise Refusal(503, "the server ends", {"retry-after": "60"}) from error
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Ends after the piece of work that runs; those that wait are cancelled."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _timed(self, work: Callable[[], Result]) -> Result:
        began = time.monotonic()
        try:
            return work()
        finally:
            self._seconds = time.monotonic() - began

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1
