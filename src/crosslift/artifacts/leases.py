"""Leases: give work to only one process at a time, among processes that share nothing but a folder.

A lease is a file with its owner (host, process, token), whose time of change the owner renews. It needs
no locks of the file system, so it works on network ones. A dead owner on this machine loses its lease
at once; a dead owner on another machine loses it when the file has not changed for `LEASE_SECONDS` by
the clock of the waiting process, so clocks of machines may differ.

filelock's `SoftFileLease` does this. The class here adds the project's error messages.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import SoftFileLease, SoftFileLockProtocolError

from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.errors import ArtifactError

LEASE_SECONDS = 30.0
"""Seconds after which an unchanged lease is lost; all processes that share a folder must agree on
them."""


class LeaseLostError(ArtifactError):
    """Another process has taken over the work of this process."""


class Lease(SoftFileLease):
    """The right of one process to do some work alone.

    A process that stops for longer than `LEASE_SECONDS` (suspended, or cut off from the folder) loses
    it. So the owner calls `check` before it puts its work in place.

    Args:
        path: path of the file; its folder is made.

    Raises:
        ArtifactError: the folder cannot be written. `acquire` raises it, too.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        super().__init__(path, lease_duration=LEASE_SECONDS)

    def acquire(self, *args: Any, **kwargs: Any) -> Any:
        """Takes the lease; see `filelock.BaseFileLock.acquire`."""
        with disk_errors_explained(Path(self.lock_file)):
            return super().acquire(*args, **kwargs)

    def check(self) -> None:
        """Raises if another process has taken the lease meanwhile.

        Raises:
            LeaseLostError: the lease is lost.
        """
        path = Path(self.lock_file)
        try:
            content = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            content = ""
        if self.token is None or f"token={self.token}" not in content:
            raise LeaseLostError(
                f"the lease {path} of process {os.getpid()} was lost: the process did not renew it "
                f"for {LEASE_SECONDS:.0f} s, and another one may have taken over its work",
                remedy="give the command again: it resumes, or finds the work done",
            )


def owner_is_alive(path: Path, *, patience: float = LEASE_SECONDS * 1.2) -> bool:
    """Whether a living process owns a lease.

    Args:
        path: path of the lease; it may be absent.
        patience: seconds to wait if the owner is on another machine and the lease was not renewed
            lately; with less than `LEASE_SECONDS`, such an owner counts as living.
    """
    if not path.exists():
        return False
    lease = Lease(path)
    try:
        lease.acquire(timeout=0)
    except TimeoutError:
        if _renewed_lately(path):
            return True
        try:
            lease.acquire(timeout=patience)
        except TimeoutError:
            return True
    lease.release()
    return False


def _renewed_lately(path: Path) -> bool:
    return seconds_unchanged(path) < LEASE_SECONDS


def seconds_unchanged(path: Path) -> float:
    """Seconds since the last change of a file, by the times that its file system gives to files;
    infinite for an absent file."""
    probe = path.with_name(f".{path.name}.{os.getpid()}.probe")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
    finally:
        probe.unlink(missing_ok=True)


@contextlib.contextmanager
def links_explained(place: Path) -> Iterator[None]:
    """Turns the error of a lock that needs hard links, on a file system without them, into an
    ArtifactError.

    Raises:
        ArtifactError: the file system has no hard links.
    """
    try:
        yield
    except SoftFileLockProtocolError as error:
        raise ArtifactError(
            f"the file system of {place} cannot say who reads an artifact: {error}",
            "a file system with hard links, such as ext4, XFS, NFS or Lustre",
            "set --store or CROSSLIFT_HOME to a folder there",
        ) from error
