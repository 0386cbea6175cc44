"""A folder that many processes share: it records which process makes, reads and uses an artifact, by
key.

FOLDER/locks/<key>.lease          the lease of the process that makes something
FOLDER/locks/<key>.readers.rw/    the processes that read something that may be deleted after use
FOLDER/running/                   notes of living processes: the keys that they use

The processes may run on many machines, on any file system (see `crosslift.artifacts.leases`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from weakref import WeakValueDictionary

from filelock import SoftReadWriteLock

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.in_use import keys_in_use, noted_as_used
from crosslift.artifacts.leases import LEASE_SECONDS, Lease, links_explained

_RUNNING = "running"


class SharedFolder:
    """A folder that many processes share.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._leases: WeakValueDictionary[str, Lease] = WeakValueDictionary()
        self._waited_for: dict[str, Lease] = {}
        """Leases that were probed, kept because a lease itself counts how long its file is
        unchanged."""
        self._reader_locks: dict[str, SoftReadWriteLock] = {}
        """Locks by key, kept because a lock also counts how long its file is unchanged."""

    def lock(self, key: str) -> Lease:
        """The lease of a key. A thread with the lease may take it again; others wait for it.

        Raises:
            ArtifactError: the folder cannot be written. Taking the lease also raises it.
        """
        lease = self._leases.get(key)
        if lease is None:
            lease = self._leases[key] = Lease(self.root / "locks" / f"{key}.lease")
        return lease

    @contextlib.contextmanager
    def lock_if_free(self, key: str) -> Iterator[bool]:
        """Takes the lease of a key unless another process has it; yields whether it did.

        Raises:
            ArtifactError: as for `lock`.
        """
        lease = self.lock(key)
        try:
            lease.acquire(timeout=0)
        except TimeoutError:
            self._waited_for[key] = lease
            yield False
            return
        self._waited_for.pop(key, None)
        try:
            yield True
        finally:
            lease.release()

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[None]:
        """Keeps other processes from discarding an artifact within the block; several may read it at
        once.

        Raises:
            ArtifactError: as for `lock`.
        """
        readers = self._readers(key)
        with disk_errors_explained(Path(readers.lock_file)), links_explained(self.root):
            readers.acquire_read()
        try:
            yield
        finally:
            readers.release()

    @contextlib.contextmanager
    def unless_read(self, key: str) -> Iterator[bool]:
        """Yields whether no process reads an artifact; no process begins to read it within the block.

        Raises:
            ArtifactError: as for `lock`.
        """
        readers = self._readers(key)
        try:
            with disk_errors_explained(Path(readers.lock_file)), links_explained(self.root):
                readers.acquire_write(timeout=0)
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            readers.release()

    def _readers(self, key: str) -> SoftReadWriteLock:
        if key not in self._reader_locks:
            path = make_folder(self.root / "locks") / f"{key}.readers"
            self._reader_locks[key] = SoftReadWriteLock(
                path, heartbeat_interval=LEASE_SECONDS / 3, stale_threshold=LEASE_SECONDS
            )
        return self._reader_locks[key]

    @contextlib.contextmanager
    def using(self, keys: Iterable[str]) -> Iterator[None]:
        """Notes until the block ends that this process uses artifacts, so that no process prunes them.

        Raises:
            ArtifactError: as for `lock`.
        """
        with contextlib.ExitStack() as stack:
            with self.lock(_RUNNING):  # not while another process decides what to delete
                stack.enter_context(noted_as_used(self.root / _RUNNING, keys))
            yield

    @contextlib.contextmanager
    def keys_in_use(self) -> Iterator[frozenset[str]]:
        """Yields the keys that living processes use (see `using`); no other use begins within the
        block.

        Raises:
            ArtifactError: as for `lock`; a note cannot be read.
        """
        with self.lock(_RUNNING):
            yield keys_in_use(self.root / _RUNNING)
