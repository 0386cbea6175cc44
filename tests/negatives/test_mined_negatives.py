"""`crosslift negatives`: the texts that brute force chooses, and none that is right for its pair."""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crosslift.artifacts.progress import Phase, Silent
from crosslift.artifacts.store import Store
from crosslift.cli.main import main
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.engines.crew import Crew
from crosslift.engines.processes import Processes
from crosslift.errors import DataError
from crosslift.mining import blocks
from crosslift.negatives import choose
from crosslift.negatives.choose import limit_of
from crosslift.negatives.job import mine_negatives
from crosslift.negatives.negatives_settings import NegativesSettings, ranks_of
from crosslift.results.mined_negatives import NegativesOutcome
from crosslift.retrieval.search import Neighbours, PairSearch
from crosslift.steps.run import Made
from crosslift.steps.step import Step
from crosslift.tasks.own_files import task_of_file

WIDTH = 5


class Numbered:
    """An encoder whose vectors follow from the texts' letters alone."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def encode(self, sentences: list[str]) -> np.ndarray[Any, Any]:
        codes = [int.from_bytes(text.casefold().encode(), "big") for text in sentences]
        return np.stack(
            [np.random.default_rng((self.seed, code)).standard_normal(WIDTH) for code in codes]
        )


def words(count: int, start: str) -> list[str]:
    """Texts without a run of four letters in common."""
    generator = np.random.default_rng(len(start))
    letters = list("bcdfghjklmnpqrstvwxz")
    return [f"{start}{i} " + "".join(generator.choice(letters, 14)) for i in range(count)]


ANCHORS, POSITIVES = words(30, "an"), words(30, "positive")
CORPUS = words(60, "corpus")


def rows_of_pairs() -> list[dict[str, Any]]:
    pairs = zip(ANCHORS, POSITIVES, strict=True)
    return [{"anchor": anchor, "positive": positive} for anchor, positive in pairs]


@pytest.fixture
def job(tmp_path: Path) -> Any:
    def run(
        pairs: Sequence[dict[str, Any]] = (), corpus: Sequence[dict[str, Any]] = (), **changes: Any
    ) -> tuple[NegativesOutcome, list[dict[str, Any]]]:
        changes = {"model": Numbered(), "out": tmp_path / "out.jsonl", "overwrite": True} | changes
        for name, rows in (("pairs", pairs or rows_of_pairs()), ("corpus", corpus)):
            if rows:
                path = tmp_path / f"{name}.jsonl"
                path.write_text("".join(json.dumps(row) + "\n" for row in rows))
                changes[name] = path
        settings = NegativesSettings(**changes)
        outcome = mine_negatives(settings, Store(tmp_path / "store"))
        content = settings.out.read_bytes()
        text = gzip.decompress(content) if settings.out.suffix == ".gz" else content
        return outcome, [json.loads(line) for line in text.decode().splitlines()]

    return run


def cosines(left: Sequence[str], right: Sequence[str], seed: int = 0) -> np.ndarray[Any, Any]:
    x, y = Numbered(seed).encode(list(left)), Numbered(seed).encode(list(right))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    return np.asarray((x @ y.T).astype(np.float32), np.float64)


@pytest.mark.parametrize(
    ("margin", "relative"), [(None, None), (0.1, None), (None, 0.3), (0.05, 0.2)]
)
@pytest.mark.parametrize("guided", [False, True])
def test_negatives_are_those_of_brute_force(
    job: Any, monkeypatch: pytest.MonkeyPatch, margin: Any, relative: Any, guided: bool
) -> None:
    monkeypatch.setattr(choose, "_ANCHORS_AT_ONCE", 7)
    guide = {"guide": Numbered(5), "guide_margin": 0.1} if guided else {}
    outcome, rows = job(
        corpus=[{"text": text} for text in CORPUS],
        first_rank=3,
        last_rank=20,
        negatives=4,
        margin=margin,
        relative_margin=relative,
        **guide,
    )
    scores, of_guide = cosines(ANCHORS, CORPUS), cosines(ANCHORS, CORPUS, 5)
    own = np.diag(cosines(ANCHORS, POSITIVES))
    assert (own < 0).any()  # or the margins are not tried on negative cosines
    own_of_guide = np.diag(cosines(ANCHORS, POSITIVES, 5))
    for row, written in enumerate(rows):
        order = np.argsort(-scores[row], kind="stable")[2:20]
        limit = np.inf
        if margin is not None:
            limit = own[row] - margin
        if relative is not None:
            limit = min(limit, own[row] - relative * abs(own[row]))
        left = [n for n in order if scores[row, n] <= limit]
        if guided:
            left = [n for n in left if of_guide[row, n] <= own_of_guide[row] - 0.1]
        expected = [CORPUS[n] for n in left[:4]]
        assert written.get("negative", []) == expected
        assert ("negative" in written) == bool(expected)
    counts = outcome.candidates
    assert counts.ranked == 18 * len(ANCHORS)
    assert counts.chosen == sum(len(row.get("negative", ())) for row in rows)
    assert counts.ranked == sum(value for name, value in counts if name != "ranked")
    assert (counts.masked_by_guide > 0) == guided
    assert outcome.pairs.full + outcome.pairs.fewer + outcome.pairs.without == len(ANCHORS)


def test_a_relative_margin_lowers_the_limit_of_a_negative_cosine() -> None:
    limits = limit_of(np.array([0.8, -0.2]), None, 0.5)
    np.testing.assert_allclose(limits, [0.4, -0.3])
    np.testing.assert_allclose(limit_of(np.array([0.8, -0.2]), 0.1, 0.5), [0.4, -0.3])
    assert np.isinf(limit_of(np.array([0.8]), None, None)).all()


def test_no_text_that_is_right_for_a_pair_becomes_its_negative(job: Any) -> None:
    scene = words(6, "scene")
    pairs = [
        {"anchor": scene[0], "positive": scene[1], "group": "one scene"},
        {"anchor": scene[2], "positive": scene[3], "group": "one scene"},
        {"anchor": "the same question", "positive": "answer number one", "group": ""},
        {"anchor": "The  same question", "positive": "something else", "group": ""},
        {"anchor": "a paraphrase of it", "positive": "answer number one", "group": "other"},
    ]
    corpus = [
        {"text": scene[4], "group": "one scene"},
        {"text": scene[0].upper()},
        {"text": "Answer Number One"},
        {"text": "something else"},
        {"text": "a paraphrase of it"},
        *({"text": text, "group": "another scene"} for text in words(3, "distractor")),
    ]
    outcome, rows = job(pairs, corpus, first_rank=1, last_rank=100, negatives=100)
    distractors = {row["text"] for row in corpus[-3:]}
    others = {row["text"] for row in corpus}
    expected = [
        others - {scene[4], scene[0].upper()},
        others - {scene[4], scene[0].upper()},
        distractors | {scene[4], scene[0].upper()},
        distractors | {scene[4], scene[0].upper(), "a paraphrase of it"},
        distractors | {scene[4], scene[0].upper(), "something else"},
    ]
    assert [set(row["negative"]) for row in rows] == expected
    assert outcome.corpus == len(corpus)
    assert outcome.right_skipped > 0
    assert [row["group"] for row in rows][:2] == ["one scene"] * 2


def test_near_duplicates_of_right_texts_are_left_out(job: Any) -> None:
    sentence = "The quick brown fox jumps over the lazy dog near the river bank."
    pairs = [{"anchor": "What does the fox do?", "positive": sentence}]
    corpus = [sentence + "!", sentence.replace("bank", "bend"), *words(3, "other")]
    outcome, rows = job(
        pairs, [{"text": text} for text in corpus], first_rank=1, last_rank=9, negatives=9
    )
    assert set(rows[0]["negative"]) == set(corpus[2:])
    assert outcome.candidates.near_duplicates == 2
    strict, rows = job(
        pairs, [{"text": t} for t in corpus], first_rank=1, last_rank=9, negatives=9, similar=1
    )
    assert set(rows[0]["negative"]) == set(corpus[1:])
    assert strict.candidates.near_duplicates == 1


def test_a_pair_keeps_its_negatives_and_gets_others(job: Any) -> None:
    pairs = [{**row, "language": "de"} for row in rows_of_pairs()]
    pairs[0]["negative"] = [POSITIVES[3], "one of no other pair"]
    outcome, rows = job(pairs, first_rank=1, last_rank=29, negatives=29)
    assert rows[0]["negative"][:2] == pairs[0]["negative"]
    assert rows[0]["negative"].count(POSITIVES[3]) == 1
    assert len(rows[0]["negative"]) == 1 + 29
    assert outcome.candidates.already == 1
    assert {row["language"] for row in rows} == {"de"}
    assert outcome.corpus == len(POSITIVES)


def test_a_random_choice_follows_the_seed(job: Any) -> None:
    def drawn(seed: int) -> list[list[str]]:
        _, rows = job(first_rank=1, last_rank=25, negatives=3, choice="random", seed=seed)
        return [row["negative"] for row in rows]

    assert drawn(1) == drawn(1) != drawn(2)
    nearest, _ = job(first_rank=1, last_rank=25, negatives=3)
    assert nearest.sample[0].negatives[0].rank == 1


def test_the_sample_has_the_scores_of_both_encoders(job: Any) -> None:
    outcome, _ = job(first_rank=1, last_rank=9, negatives=2, guide=Numbered(5))
    for pair in outcome.sample:
        others = [pair.positive, *(each.text for each in pair.negatives)]
        ours, guides = (cosines([pair.anchor], others, seed)[0] for seed in (0, 5))
        np.testing.assert_allclose(
            [pair.score, *(n.score for n in pair.negatives)], ours, atol=1e-6
        )
        by_guide = [pair.guide_score, *(n.guide_score for n in pair.negatives)]
        np.testing.assert_allclose(by_guide, guides, atol=1e-6)
        assert pair.guide_score is not None
        assert all(n.guide_score <= pair.guide_score for n in pair.negatives if n.guide_score)


def test_text_pairs_reads_the_file(job: Any, tmp_path: Path) -> None:
    out = tmp_path / "with.jsonl.gz"
    _, rows = job(first_rank=1, last_rank=9, negatives=2, margin=0.3, out=out)
    records = task_of_file("text-pairs", out, {}).source.train()
    assert [record.texts["positive"] for record in records] == POSITIVES
    for record, row in zip(records, rows, strict=True):
        texts = [record.texts[n] for n in ("negative", "negative_2") if n in record.texts]
        assert texts == row.get("negative", [])


def test_mistakes_are_named(job: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ranks '5'"):
        ranks_of("5")
    with pytest.raises(DataError, match="30 distinct texts has no rank 31"):
        job(first_rank=31, last_rank=40)
    with pytest.raises(DataError, match="540 above margin"):
        job(first_rank=1, last_rank=18, margin=2.5)
    with pytest.raises(DataError, match="no name of JSON lines"):
        job(out=tmp_path / "o.tsv")
    with pytest.raises(DataError, match="exists"):
        job(first_rank=1)
        job(first_rank=1, overwrite=False)
    with pytest.raises(DataError, match="both input and output"):
        job(out=tmp_path / "pairs.jsonl")


def test_pairs_with_margins_are_refused(job: Any) -> None:
    rows = [{**row, "negative": "no", "margin": 0.5} for row in rows_of_pairs()]
    with pytest.raises(DataError, match="a column 'margin'"):
        job(rows)


Mine = Callable[..., tuple[bytes, Store]]


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch, xlm_folder: Path, tmp_path: Path) -> Mine:
    """Mines in a store with a name, in blocks of few texts; returns the bytes that are written."""
    monkeypatch.setattr(blocks, "BLOCK", 12)
    pairs, corpus = tmp_path / "pairs.csv", tmp_path / "corpus.txt"
    rows = zip(ANCHORS, POSITIVES, strict=True)
    pairs.write_text("anchor,positive\n" + "".join(f"{a},{p}\n" for a, p in rows))
    corpus.write_text("\n".join(CORPUS) + "\n")

    def mine(
        name: str, engine: Processes | None, listener: Any = None, **changes: Any
    ) -> tuple[bytes, Store]:
        out, store = tmp_path / f"{name}.jsonl", Store(tmp_path / name)
        model = EncoderSettings(name=str(xlm_folder), precision="float32")
        settings = NegativesSettings(
            pairs=pairs,
            corpus=corpus,
            model=model,
            guide=model.model_copy(update={"hidden_state": 1}),
            out=out,
            overwrite=True,
            **{"first_rank": 1, "last_rank": 20, **changes},
        )
        mine_negatives(settings, store, listener, engine)
        return out.read_bytes(), store

    return mine


class CountedCrew:
    """Counts the steps that workers are given, by kind, and may stop after the first shard.

    Args:
        monkeypatch: of the test.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given = Counter[str]()
        self.stops = False
        make = Crew.make

        def counting(crew: Crew, steps: Sequence[Step], *more: Any, **settings: Any) -> Made:
            self.given.update(step.kind for step in steps)
            stops = self.stops and steps[0].kind == "search"
            made = make(crew, steps[:1] if stops else steps, *more, **settings)
            if stops:
                raise KeyboardInterrupt
            return made

        monkeypatch.setattr(Crew, "make", counting)


def remains(store: Store) -> list[Path]:
    """What an unfinished search has left."""
    return [*store.root.glob("search/*"), *store.root.glob("unfinished/*/rows-*")]


def test_workers_give_the_same_bytes_as_this_process(
    monkeypatch: pytest.MonkeyPatch, mine: Mine
) -> None:
    """Blocks that one run encoded are not encoded again by another."""
    alone, _ = mine("alone", None)
    assert b"negative" in alone
    crew = CountedCrew(monkeypatch)
    workers, store = mine("crew", Processes(2, threads=1))
    assert workers == alone
    assert crew.given == {"encode": 2 * (3 + 10), "search": 2}
    assert not remains(store)
    crew.given.clear()
    assert mine("crew", Processes(2, threads=1))[0] == alone
    assert crew.given == {"search": 2}


def test_shards_that_were_searched_before_a_stop_are_not_searched_again(
    monkeypatch: pytest.MonkeyPatch, mine: Mine
) -> None:
    alone, _ = mine("alone", None)
    crew = CountedCrew(monkeypatch)
    crew.stops = True
    with pytest.raises(KeyboardInterrupt):
        mine("crew", Processes(2, threads=1))
    crew.stops = False
    crew.given.clear()
    workers, store = mine("crew", Processes(2, threads=1))
    assert workers == alone
    assert crew.given == {"search": 1}
    assert not remains(store)


class StopsInSearch(Silent[Phase]):
    """Stops after the first block of anchors, as Ctrl-C does."""

    def __init__(self) -> None:
        self.phase = ""

    def begin(self, work: Phase) -> None:
        self.phase = work.name

    def advance(self, done: float) -> None:
        if self.phase == "searching":
            raise KeyboardInterrupt


def test_a_search_of_one_process_resumes_after_its_last_block(
    monkeypatch: pytest.MonkeyPatch, mine: Mine
) -> None:
    alone, _ = mine("alone", None)
    with pytest.raises(KeyboardInterrupt):
        mine("stopped", None, StopsInSearch())
    searched: list[int] = []
    add = PairSearch.add

    def counting(search: PairSearch, rows: Any) -> Neighbours:
        searched.append(len(rows))
        return add(search, rows)

    monkeypatch.setattr(PairSearch, "add", counting)
    resumed, store = mine("stopped", None)
    assert resumed == alone
    assert searched == [12, 6], "30 anchors in blocks of 12, of which one was finished"
    assert not remains(store)
    searched.clear()
    mine("stopped", None, last_rank=15)
    assert searched == [12, 12, 6], "another number of neighbours is another search"


def test_the_command_prints_counts_and_a_sample(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    xlm_folder: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "pairs.csv").write_text(
        "anchor,positive\n" + "".join(f"{a},{p}\n" for a, p in zip(ANCHORS, POSITIVES, strict=True))
    )
    (tmp_path / "corpus.txt").write_text("\n".join([*CORPUS, CORPUS[0].upper()]) + "\n")
    arguments = [
        "negatives",
        "--pairs",
        tmp_path / "pairs.csv",
        "--corpus",
        tmp_path / "corpus.txt",
    ]
    arguments += ["--model", xlm_folder, "--guide", xlm_folder, "--ranks", "2-30", "--negatives", 3]
    arguments += ["--prompt-src", "q: ", "--store", tmp_path / "store"]

    def run(*more: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crosslift", *map(str, [*arguments, *more])])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    code, out, err = run("--out", tmp_path / "o.jsonl")
    assert code == 0, err
    assert "30 pairs, 60 texts" in out
    assert "(guide " in out
    code, out, err = run("--out", tmp_path / "o.jsonl", "--overwrite", "--json", "-")
    outcome = json.loads(out)
    assert outcome["reading"]["prompt_src"] == "q: "
    assert outcome["candidates"]["masked_by_guide"] > 0
    code, _, err = run("--out", tmp_path / "o.jsonl")
    assert code == 2
    assert "exists" in err
    code, _, err = run("--out", tmp_path / "p.jsonl", "--ranks", "9-3")
    assert code == 2
    assert "the first is at most the last" in err
