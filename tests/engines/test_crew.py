"""Workers that are processes: equal results, dead workers, failures, Ctrl-C, a killed driver."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import engine_steps
import psutil
import pytest
from engine_steps import step

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines import crew as crew_module
from crosslift.engines import job as job_module
from crosslift.engines.crew import Crew
from crosslift.engines.needs import Needs, Room
from crosslift.engines.processes import Processes
from crosslift.engines.work import REFUSED
from crosslift.errors import ArtifactError, DataError, StudyError
from crosslift.planning.sizes import needs_of
from crosslift.steps.run import Made
from crosslift.steps.step import Step

SAMPLES = str(Path(engine_steps.__file__).parent)


class Hearing(Silent[Step]):
    """Remembers what workers do."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.made: list[str] = []
        self.warnings: list[str] = []
        self.failed: list[str] = []
        self.lanes: dict[str, Hearing] = {}
        self.name = ""

    def of_worker(self, name: str) -> Hearing:
        lane = self.lanes.setdefault(name, Hearing())
        lane.name = name
        lane.begun, lane.made, lane.failed = self.begun, self.made, self.failed
        return lane

    def begin(self, work: Step) -> None:
        self.begun.append((self.name, work.label))

    def end(self, work: Step, seconds: float) -> None:
        self.made.append(work.label)

    def fail(self, work: Step, error: object) -> None:
        self.failed.append(work.label)

    def warn(self, words: str) -> None:
        self.warnings.append(words)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the module of the steps."""
    path = os.pathsep.join(filter(None, [SAMPLES, os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def make(
    steps: Sequence[Step], store: Store, listener: Silent[Step], *, keep_going: bool = False
) -> Made:
    crew = Crew(Processes(workers=2, threads=1))
    return crew.make(steps, store, listener, keep_going=keep_going, trust_code=False)


def diamond(**settings: object) -> list[Step]:
    first = step("first", **settings)
    middle = [step(f"middle {n}", [first], **settings) for n in range(6)]
    return [first, *middle, step("last", middle, **settings)]


def workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if is_worker(each)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return "crosslift.engines.work" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_each_step_is_made_once_after_its_inputs(store: Store, tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    steps = diamond(counts=str(counts), sleep=0.1)
    steps = [
        Step(s.kind, s.label, s.settings, s.inputs, engine_steps.count_then_write, s.work)
        for s in steps
    ]
    hearing = Hearing()
    made = make(steps, store, hearing)
    assert made == Made(frozenset(s.key for s in steps))
    assert all(each.exists(store) for each in steps)
    made_labels = counts.read_text().splitlines()
    assert Counter(made_labels) == Counter(s.label for s in steps)
    assert made_labels[0] == "first" and made_labels[-1] == "last"
    assert sorted(hearing.made) == sorted(made_labels)
    assert {name for name, _ in hearing.begun} == {"w1", "w2"}
    assert not list((store.root / "engines").iterdir()) and not list(
        (store.root / "locks").glob("*.lease")
    )
    assert not workers()


def test_a_worker_that_dies_is_replaced_and_its_step_resumes(store: Store) -> None:
    steps = [step("dies", make=engine_steps.die_once), step("other")]
    hearing = Hearing()
    make(steps, store, hearing)
    assert (steps[0].open(store) / "text").read_text() == "resumed from half"
    (warning,) = hearing.warnings
    assert "died at evaluate: dies: SIGKILL" in warning


def test_a_step_that_kills_its_workers_ends_the_run(store: Store) -> None:
    steps = [step("other"), step("dies", make=engine_steps.die_always)]
    with pytest.raises(ArtifactError, match="3 workers died at evaluate: dies") as caught:
        make(steps, store, Hearing())
    assert "memory" in str(caught.value.remedy)
    assert steps[0].exists(store)
    assert not workers()


class Scripted:
    """An engine whose workers beyond the first are of a kind that the test chooses."""

    workers, threads = 3, 1

    def __init__(self, other: Callable[[str], object]) -> None:
        self._other = other

    @contextlib.contextmanager
    def open(self, folder: Any, needs: Needs) -> Iterator[Any]:
        with Processes(1, 1).open(folder, needs) as start:
            first: list[str] = []

            def begin(name: str) -> Any:
                if not first:
                    first.append(name)
                    return start(name)
                return self._other(name)

            yield begin


class Waiting:
    """A worker that never gets a place."""

    def ended(self) -> None:
        return None

    def kill(self) -> None:
        """It is no process."""


def test_a_worker_without_a_place_does_not_hold_up_the_end(store: Store) -> None:
    steps = diamond()
    made = Crew(Scripted(lambda _: Waiting())).make(
        steps, store, Hearing(), keep_going=False, trust_code=False
    )
    assert made.keys == {each.key for each in steps}


def test_workers_that_die_before_they_begin_end_the_run(store: Store) -> None:
    class Dead(Waiting):
        def ended(self) -> Any:
            return crew_module.Ended("no such partition")

    slow = [step("slow", sleep=20.0)]
    with pytest.raises(ArtifactError, match="3 workers died before it began") as caught:
        Crew(Scripted(lambda _: Dead())).make(
            [*slow, *diamond()], store, Hearing(), keep_going=False, trust_code=False
        )
    assert "no such partition" in str(caught.value)
    assert not workers()


def test_a_step_that_gets_further_each_time_may_lose_many_workers(
    store: Store, tmp_path: Path
) -> None:
    steps = [step("slowly", make=engine_steps.die_further_each_time)]
    hearing = Hearing()
    make(steps, store, hearing)
    assert len(hearing.warnings) == 5
    assert (steps[0].open(store) / "text").read_text() == "whole"


def test_steps_that_all_exist_need_no_worker(store: Store) -> None:
    assert needs_of([]) == Needs()


def test_what_the_script_defines_cannot_be_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = step("own")
    monkeypatch.setitem(own.__dict__, "code", {"__main__": "0"})
    with pytest.raises(StudyError, match="what the script itself defines"):
        make([own], store, Hearing())


def test_a_step_that_cannot_be_made_ends_the_run_with_its_error(store: Store) -> None:
    steps = [step("fails", make=engine_steps.fail)]
    steps.append(step("needs it", steps))
    with pytest.raises(DataError) as caught:
        make(steps, store, Hearing())
    assert (caught.value.what, caught.value.expected, caught.value.remedy) == (
        "the file is empty",
        "a row at least",
        "write one",
    )


def test_others_continue_if_they_are_to(store: Store) -> None:
    failing = step("fails", make=engine_steps.fail)
    steps = [failing, step("needs it", [failing]), *diamond()]
    hearing = Hearing()
    made = make(steps, store, hearing, keep_going=True)
    assert set(made.failed) == {failing.key}
    assert hearing.failed == ["fails"]
    assert all(each.exists(store) for each in steps[2:]) and not steps[1].exists(store)


def test_an_interrupt_stops_all_workers_at_a_checkpoint(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        step(f"long {n}", make=engine_steps.wait_until_stopped, stopped=str(tmp_path / f"{n}"))
        for n in (1, 2)
    ]

    def interrupt() -> None:
        until(lambda: all((tmp_path / n).exists() for n in "12"))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        make(steps, store, Hearing())
    assert [(tmp_path / n).read_text() for n in "12"] == ["at a checkpoint"] * 2
    assert "Ctrl-C again" in capsys.readouterr().err
    assert not workers()


def test_a_killed_driver_leaves_nothing_running(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        import engine_steps
        from crosslift.artifacts.progress import Silent
        from crosslift.artifacts.store import Store
        from crosslift.engines.crew import Crew
        from crosslift.engines.processes import Processes

        class Says(Silent):
            def begin(self, work):
                print("begun", flush=True)

        steps = [
            engine_steps.step(f"long {n}", make=engine_steps.wait_until_stopped, stopped="x")
            for n in (1, 2)
        ]
        store = Store(Path(sys.argv[1]))
        Crew(Processes(2, 1)).make(steps, store, Says(), keep_going=False, trust_code=False)
        """
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store")]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None and driver.stdout.readline() == "begun\n"
    crew = workers()
    assert len(crew) == 2
    driver.kill()
    driver.communicate()
    until(lambda: not any(map(is_worker, crew)), 10)
    store = Store(tmp_path / "store")
    make([step("next")], store, Hearing())  # and the next crew tidies up
    assert not list((store.root / "engines").iterdir())


def test_a_worker_with_other_versions_or_code_is_refused_by_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = crew_module.Job
    here = job_module.software()
    for changed, words in (
        (
            {"software": here | {"numpy": "1.0"}},
            f"other versions: numpy {here['numpy']} instead of 1",
        ),
        (
            {"code": {"crosslift.steps.step": "0000"}},
            "other code of CrossLift: crosslift.steps.step",
        ),
        ({"code": {"no_such_module": "0000"}}, "the module no_such_module is not installed"),
    ):
        monkeypatch.setattr(crew_module, "Job", lambda c=changed, **facts: real(**facts | c))
        hearing = Hearing()
        with pytest.raises(ArtifactError, match="no worker can work on this study") as caught:
            make([step("a"), step("b")], store, hearing)
        assert words in str(caught.value)
        assert [w.partition(" on ")[0] for w in sorted(hearing.warnings)] == [
            "worker w1",
            "worker w2",
        ]


def test_a_worker_that_does_not_see_the_store_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crosslift.engines.work", str(tmp_path / "absent"), "w1"]
    pipes = dict.fromkeys(("stdin", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as worker:
        assert worker.stderr is not None
        words = worker.stderr.read()  # its input stays open, as a crew keeps it
    assert worker.returncode == REFUSED
    assert "worker w1 on " in words and "does not see" in words and "--store" in words


def test_a_step_that_is_too_large_for_a_worker_is_named(store: Store) -> None:
    crew = Crew(Processes(2, 1), lambda _: Needs(memory=1e15, step="train: image-text"))
    with pytest.raises(StudyError, match="train: image-text needs about 931322") as caught:
        crew.make([step("a")], store, Hearing(), keep_going=False, trust_code=False)
    assert "fewer --workers" in str(caught.value.remedy)
    with pytest.raises(StudyError, match="4096 threads does not fit"):
        Crew(Processes(1, 4096)).make(
            [step("a")], store, Hearing(), keep_going=False, trust_code=False
        )


def test_a_study_on_more_devices_than_a_worker_has_is_refused() -> None:
    room = Room(processors=8, memory=1e12, devices=4)
    Needs(devices=4).check("a node", 1, 0, room)  # on processors, ranks are processes
    Needs(devices=4).check("a node", 1, 4, room)
    with pytest.raises(StudyError, match="trains on 4 devices at once, and a worker has 2"):
        Needs(devices=4).check("a node", 1, 2, room)
    with pytest.raises(StudyError, match="a worker with 8 devices does not fit: a node has 4"):
        Needs().check("a node", 1, 8, room)


def test_two_crews_share_the_work_of_one_store(store: Store, tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    steps = [
        step(f"s{n}", make=engine_steps.count_then_write, counts=str(counts), sleep=0.2)
        for n in range(8)
    ]
    other = threading.Thread(target=make, args=(steps, Store(store.root), Hearing()))
    other.start()
    make(steps, store, Hearing())
    other.join()
    assert Counter(counts.read_text().splitlines()) == Counter(s.label for s in steps)
