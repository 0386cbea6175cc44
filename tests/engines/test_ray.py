"""Workers on a Ray cluster: two nodes on this machine, a removed node, a lost head, no cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import engine_steps
import psutil
import pytest
import torch
from engine_steps import step
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines.crew import Crew
from crosslift.engines.needs import Needs
from crosslift.engines.ray_cluster import Ray
from crosslift.errors import StudyError
from crosslift.planning.plan_study import plan_study
from crosslift.steps.step import Step

ray = pytest.importorskip("ray", reason="needs the extra `ray`")
from ray.cluster_utils import Cluster  # noqa: E402

SAMPLES = str(Path(engine_steps.__file__).parent)
MEMORY = 2 * 2**30


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.pathsep.join(filter(None, [SAMPLES, os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture
def cluster(importable: None) -> Iterator[Cluster]:
    """A head without processors, and two nodes of one processor each."""
    node = {"num_cpus": 1, "memory": MEMORY, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0})
    for _ in range(2):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


class Warnings(Silent[Step]):
    """Remembers warnings, and which steps began."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.begun: list[str] = []

    def begin(self, work: Step) -> None:
        self.begun.append(work.label)

    def warn(self, words: str) -> None:
        self.heard.append(words)


def test_two_nodes_give_the_bytes_of_one_process(
    cluster: Cluster, xlm_folder: Path, tmp_path: Path
) -> None:
    targets = [{"name": "names", "languages": ["de", "fr"], "pairs": 20}]
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    study = small_study(xlm_folder, arms=arms, targets=targets, comparisons=[])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run_study(study, tmp_path / "one", Store(tmp_path / "alone"))
    torch.set_num_threads(threads)
    run = run_study(
        study, tmp_path / "two", Store(tmp_path / "crew"), engine=Ray(2, 1, cluster.address)
    )
    assert (tmp_path / "two" / "results.csv").read_bytes() == (
        tmp_path / "one" / "results.csv"
    ).read_bytes()
    for each in plan_study(study).steps():
        manifests = [Store(tmp_path / s).manifest(each.kind, each.key) for s in ("alone", "crew")]
        assert manifests[0].digest == manifests[1].digest
    assert not any(each.reused for each in run.run.steps)
    assert not ray.is_initialized()


def test_a_node_that_is_removed_loses_its_worker_and_no_work(
    cluster: Cluster, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    steps = [step(f"s{n}", sleep=1.0) for n in range(10)]
    listener = Warnings()

    def remove() -> None:
        while len(listener.begun) < 4:
            time.sleep(0.1)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    removing = threading.Thread(target=remove)
    removing.start()
    crew = Crew(Ray(2, 1, cluster.address))
    made = crew.make(steps, store, listener, keep_going=False, trust_code=False)
    removing.join()
    assert made.keys == {each.key for each in steps}
    assert all(each.exists(store) for each in steps)
    assert any("died" in words for words in listener.heard)


DRIVER = """
import sys
from pathlib import Path
import engine_steps
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines.crew import Crew
from crosslift.engines.ray_cluster import Ray

class Says(Silent):
    def end(self, work, seconds):
        print("made", flush=True)

store = Store(Path(sys.argv[1]))
steps = [
    engine_steps.step(
        f"s{n}", make=engine_steps.count_then_write, counts=sys.argv[2], slow=sys.argv[4]
    )
    for n in range(90)
]
left = [each for each in steps if not each.exists(store)]
Crew(Ray(1, 1, sys.argv[3])).make(left, store, Says(), keep_going=False, trust_code=False)
"""


def test_a_restarted_head_costs_no_finished_step(cluster: Cluster, tmp_path: Path) -> None:
    """The run ends with the head, and so do its workers; the same command resumes on the new one."""
    store, counts, slow = tmp_path / "store", tmp_path / "counts", tmp_path / "slow"
    slow.touch()
    quick = {**os.environ, "RAY_gcs_rpc_server_reconnect_timeout_s": "2"}

    def driver(address: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", DRIVER, str(store), str(counts), address, str(slow)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quick)

    first = driver(cluster.address)
    assert first.stdout is not None and first.stdout.readline() == "made\n"
    cluster.remove_node(cluster.head_node, allow_graceful=False)
    first.communicate(timeout=120)
    assert first.returncode != 0
    until(lambda: not any("work" in name for name in ray_tasks()))
    made = len(counts.read_text().split())
    assert 0 < made < 90
    slow.unlink()
    new = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = driver(new.address)
        second.communicate(timeout=120)
    finally:
        new.shutdown()
    assert second.returncode == 0
    made_labels = Counter(counts.read_text().split())
    assert set(made_labels) == {f"s{n}" for n in range(90)}
    assert sum(made_labels.values()) <= 91  # at most the step in which the head was lost


def ray_tasks() -> list[str]:
    """Names of the processes of Ray that run a task."""
    names = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if command[0].startswith("ray::") and "IDLE" not in command[0]:
            names.append(command[0])
    return names


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def test_too_few_resources_are_named(cluster: Cluster, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    def refused(engine: Ray, needs: Needs) -> Any:
        with pytest.raises(StudyError) as caught:
            Crew(engine, lambda _: needs).make(
                [step("a")], store, Silent(), keep_going=False, trust_code=False
            )
        return str(caught.value)

    address = cluster.address
    large = Needs(memory=3 * 2**30, step="train: image-text")
    assert "train: image-text needs about 3.0 GB of memory: the largest node" in refused(
        Ray(2, 1, address), large
    )
    assert "a worker of 5 threads does not fit: the largest node of the Ray cluster has 1" in (
        refused(Ray(1, 5, address), Needs())
    )
    assert "a worker with 2 devices does not fit: the largest node of the Ray cluster has 0" in (
        refused(Ray(1, 1, address, devices=2), Needs())
    )
    assert "no Ray cluster at 127.0.0.1:1" in refused(Ray(1, 1, "127.0.0.1:1"), Needs())


def test_without_an_address_a_cluster_of_this_machine_is_used(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    steps = [step("a"), step("b")]
    Crew(Ray(2, 1)).make(steps, store, Silent(), keep_going=False, trust_code=False)
    assert all(each.exists(store) for each in steps)
    assert not ray.is_initialized()


def test_without_ray_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StudyError, match="which is not installed") as caught:
        Crew(Ray(1)).make(
            [step("a")], Store(tmp_path), Silent(), keep_going=False, trust_code=False
        )
    assert "crosslift[ray]" in str(caught.value.remedy)
