"""Steps on several workers beside steps on one: a study of four equal arms, and steps that do nothing.

Workers have one thread each. Every turn begins with an empty store, and includes the start of workers.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs
from benchmarks.measuring.rows import Ratio, Row, Times, Work
from benchmarks.measuring.turns import Turn, take_turns
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.engines.crew import Crew
from crosslift.engines.processes import Processes
from crosslift.planning.plan_study import plan_study
from crosslift.steps.run import make_steps
from crosslift.steps.step import Step, Workplace
from crosslift.studies.reading import study_of

_NO_NEEDS = Needs(0.0, 0.0, "float32")
_EMPTY_STEPS, _EMPTY_STEPS_QUICK = 1000, 200
_UPDATES, _UPDATES_QUICK = 80, 12


class _InEmptyStore:
    """A contender that works with an empty store; processes that it starts count as its own.

    Args:
        work: gets a folder for the store.
    """

    def __init__(self, work: Callable[[Path], object]) -> None:
        self._work = work

    def turn(self) -> Turn:
        """Does the work once."""
        with tempfile.TemporaryDirectory() as place:
            used, began = _children(), time.perf_counter()
            self._work(Path(place))
            return Turn(time.perf_counter() - began, _children() - used)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def engine_rows(bench: Bench) -> Iterator[Row]:
    """A row of a study of four equal arms on two workers and on one, and a row of empty steps on a
    worker and in this process: the difference is the engine's overhead."""
    repeats = 1 if bench.quick else 2
    updates = _UPDATES_QUICK if bench.quick else _UPDATES
    contenders = [_InEmptyStore(lambda p, n=n: _study(p, n, updates)) for n in (2, 1)]
    turns = take_turns(contenders, repeats, 0)
    two, one = turns.seconds
    yield Row(
        Work("engines: four equal arms", "one worker", 4, "arms", _NO_NEEDS, "on two workers"),
        Times.of(one).median / 2,
        Times.of(two),
        Times.of(one),
        Ratio.of(two, one),
        turns.others,
        note="one thread a worker; the start of workers included",
    )
    count = _EMPTY_STEPS_QUICK if bench.quick else _EMPTY_STEPS
    steps = [_empty(number) for number in range(count)]
    turns = take_turns(
        [
            _InEmptyStore(lambda place: _on_a_worker(steps, place)),
            _InEmptyStore(lambda place: make_steps(steps, Store(place), Silent())),
        ],
        repeats,
        0,
    )
    worker, here = turns.seconds
    overhead = (Times.of(worker).median - Times.of(here).median) / count
    yield Row(
        Work("engines: empty steps", "this process", count, "steps", _NO_NEEDS, "on one worker"),
        Times.of(here).median,
        Times.of(worker),
        Times.of(here),
        Ratio.of(worker, here),
        turns.others,
        note=f"{1000 * overhead:.1f} ms of overhead a step, the start of the worker included",
    )


def _study(place: Path, workers: int, updates: int) -> None:
    """Makes all steps of the study; its report takes the same time with any engine."""
    stage = {"task": "name-alias", "token_table": "frozen", "dev_evaluations": 0}
    arms = {f"arm-{n}": {"stages": [{**stage, "learning_rate": n * 1e-5}]} for n in range(1, 5)}
    study = study_of(
        {
            "name": "engines",
            "question": "How long does it take?",
            "seeds": [1],
            "starts": {"embedded": {"encoder": {"name": "embedded", "prompt": "query: "}}},
            "start": "embedded",
            "budget": {"updates": updates, "batch_size": 64},
            "arms": {"baseline": {}, **arms},
            "targets": [{"name": "names", "languages": ["de", "fr"], "pairs": 100}],
        }
    )
    crew = Crew(Processes(workers, threads=1))
    crew.make(
        plan_study(study).steps(),
        Store(place / "store"),
        Silent(),
        keep_going=False,
        trust_code=False,
    )


def _on_a_worker(steps: list[Step], place: Path) -> None:
    crew = Crew(Processes(1, threads=1))
    crew.make(steps, Store(place), Silent(), keep_going=False, trust_code=False)


def _empty(number: int) -> Step:
    return Step("evaluate", f"empty {number}", {"number": number}, {}, _write, 1.0)


def _write(step: Step, workplace: Workplace, folder: Path) -> None:
    del workplace
    (folder / "number").write_text(str(step.settings["number"]), encoding="utf-8")
