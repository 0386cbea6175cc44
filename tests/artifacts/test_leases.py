"""Leases: one owner at a time, taken over from dead and silent owners, lost and found out."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosslift.artifacts import leases
from crosslift.artifacts.leases import Lease, LeaseLostError, owner_is_alive
from crosslift.artifacts.manifest import Manifest
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError

TAKE = """
import sys
from pathlib import Path
from crosslift.artifacts import leases
leases.LEASE_SECONDS = float(sys.argv[2])
lease = leases.Lease(Path(sys.argv[1]))
lease.acquire()
print("taken", flush=True)
sys.stdin.read()
"""


def other_process(path: Path, seconds: float = 30.0) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(path), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "taken\n"
    return process


def pretend_other_machine(path: Path) -> None:
    """Changes the owner that a lease names, in place, so that its process cannot be looked up."""
    lines = path.read_text().splitlines()
    changed = ["host=elsewhere" if line.startswith("host=") else line for line in lines]
    with path.open("r+") as file:
        file.write("\n".join(changed) + "\n")
        file.truncate()


def test_a_lease_has_one_owner(tmp_path: Path) -> None:
    path = tmp_path / "a.lease"
    process = other_process(path)
    try:
        assert owner_is_alive(path)
        with pytest.raises(TimeoutError):
            Lease(path).acquire(timeout=0)
    finally:
        process.communicate()
    assert not owner_is_alive(path)


def test_a_killed_owner_on_this_machine_loses_its_lease_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.lease"
    process = other_process(path)
    process.kill()
    process.communicate()
    with Lease(path).acquire(timeout=5):
        assert path.exists()


def test_a_silent_owner_on_another_machine_loses_its_lease_and_finds_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1.0)
    path = tmp_path / "a.lease"
    process = other_process(path, 1.0)
    try:
        process.send_signal(signal.SIGSTOP)
        pretend_other_machine(path)
        lease = Lease(path)
        with lease.acquire(timeout=20):
            lease.check()
            taken_over = path.read_text()
            process.send_signal(signal.SIGCONT)
            process.communicate()  # the former owner releases nothing that is not its own
            assert path.read_text() == taken_over
            lease.check()
    finally:
        process.kill()


def test_whoever_looks_again_and_again_takes_a_step_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1.0)
    store = Store(tmp_path)
    process = other_process(tmp_path / "locks" / "key.lease", 1.0)
    process.send_signal(signal.SIGSTOP)
    try:
        pretend_other_machine(tmp_path / "locks" / "key.lease")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with store.lock_if_free("key") as free:
                if free:
                    return
            gc.collect()
            time.sleep(0.1)
        pytest.fail("it was never taken over")
    finally:
        process.kill()


def test_work_that_fails_because_its_lease_is_lost_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    manifest = Manifest("encode", "ab", "texts", {}, {}, "2026-01-01T00:00:00", 1.0, 1.0)

    def write(folder: Path) -> None:
        (tmp_path / "locks" / "ab.lease").unlink()  # another process has taken over
        (folder / "absent" / "file").write_text("a")

    with pytest.raises(LeaseLostError, match="was lost"):
        store.make(manifest, write, lambda: manifest)


def test_an_owner_on_another_machine_that_renews_its_lease_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1.0)
    path = tmp_path / "a.lease"
    process = other_process(path, 1.0)
    try:
        pretend_other_machine(path)
        with pytest.raises(TimeoutError):
            Lease(path).acquire(timeout=3)
        assert owner_is_alive(path)
    finally:
        process.communicate()


def test_what_was_made_under_a_lost_lease_is_not_put_in_place(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "a.lease")
    lease.acquire()
    Path(lease.lock_file).unlink()  # another process took it over and has released it
    with pytest.raises(ArtifactError, match="was lost") as caught:
        lease.check()
    assert "give the command again" in str(caught.value.remedy)
