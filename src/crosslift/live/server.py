"""Opens a run for live search, and serves it until Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crosslift.artifacts.progress import Listener, Phase
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.live.options import LiveOptions

if TYPE_CHECKING:
    from crosslift.live.app import LiveSearch
    from crosslift.live.page import LivePage

_EVERY_ADDRESS = ("0.0.0.0", "::")
_MOST_CONNECTIONS = 256
_LAST_SECONDS = 5
"""Seconds for answers that are under way when the server ends."""


def open_live(
    options: LiveOptions, page: LivePage, store: Store | None, listener: Listener[Phase]
) -> LiveSearch:
    """Loads the arms of a run and the vectors of everything that is searched.

    Args:
        options: what to serve, and where.
        page: page of the run.
        store: with the artifacts; None: the one that the run used.
        listener: receives the progress.

    Raises:
        CrossLiftError: the run, its artifacts, its data or yours cannot be used.
    """
    from crosslift.live.app import LiveSearch
    from crosslift.live.arms import open_run
    from crosslift.live.encoders import ArmEncoders
    from crosslift.live.own_pools import pool_of_file, pool_of_folder
    from crosslift.live.target_pools import pools_of_targets

    run = open_run(options.run, store)
    encoders = ArmEncoders(run.arms, run.store)
    pools, notes = pools_of_targets(run, encoders, listener)
    if options.corpus is not None:
        pools += (pool_of_file(run, options.corpus, encoders, listener),)
    if options.images is not None:
        pools += (pool_of_folder(run, options.images, encoders, listener),)
    if not pools:
        raise StudyError(
            f"nothing to search in {options.run}: {'; '.join(notes)}",
            "a target that vectors score, --corpus or --images",
        )
    encoders.load(pools, listener)
    return LiveSearch(run, encoders, {pool.id: pool for pool in pools}, notes, page)


@contextmanager
def bound(options: LiveOptions) -> Iterator[tuple[socket.socket, str]]:
    """A socket at the options' address, and the address of the page.

    Raises:
        DataError: the address is in use, or does not belong to this machine.
    """
    try:
        family, *_ = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server((options.host, options.port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        raise DataError(
            f"cannot listen at {options.host}, port {options.port}: {error}",
            "an address of this machine, and a free port",
            "choose another --port; 0 takes any that is free",
        ) from error
    with listening:
        host = socket.gethostname() if options.host in _EVERY_ADDRESS else options.host
        shown = f"[{host}]" if ":" in host else host
        yield listening, f"http://{shown}:{listening.getsockname()[1]}/"


def serve(
    live: LiveSearch,
    options: LiveOptions,
    token: str | None,
    listening: socket.socket,
    on_start: Callable[[Callable[[], None]], None],
) -> None:
    """Answers requests until Ctrl-C (SIGINT) or SIGTERM.

    Args:
        live: the pools and encoders.
        options: options of the server.
        token: token that requests must have.
        listening: from `bound`.
        on_start: called when the server answers, with what ends it from another thread.
    """
    import uvicorn

    from crosslift.live.app import live_app

    class _Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_start(self.stop)

        def stop(self) -> None:
            self.should_exit = True

    config = uvicorn.Config(
        live_app(live, options.host, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after the end
            _Server(config).run(sockets=[listening])
    finally:
        live.close()
