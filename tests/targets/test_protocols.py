"""The protocols: their declarations, how they read an encoder, and scores by a second computation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.metrics import f1_score
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.api.session import evaluate, evaluate_protocols
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import layers_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import EncoderError, UnknownNameError
from crosslift.making.trained import Trained
from crosslift.making.vectors import roles_of
from crosslift.planning.load_target import load_target
from crosslift.planning.plan_study import plan_study
from crosslift.planning.text_steps import encode_steps
from crosslift.sources.record import Bitext
from crosslift.studies.reading import parse_study
from crosslift.targets.all_targets import TARGETS
from crosslift.targets.bitext import load_bitexts
from crosslift.targets.bucc import BUCC
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocol import Protocol
from crosslift.targets.protocols import (
    LASER_MINING,
    LASER_RETRIEVAL,
    MINING,
    MTEB_MINING,
    MTEB_RETRIEVAL,
    RETRIEVAL,
    XTREME_MINING,
    XTREME_RETRIEVAL,
)
from crosslift.targets.query_outcomes import Lookup, SideLookups, evaluate_bitexts
from crosslift.targets.target import Target
from crosslift.targets.target_settings import TargetSettings
from crosslift.targets.tatoeba import TATOEBA

WORDS = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread", "salt")
LAYERS = 2
READ_ELSEWHERE = {"pooling": "cls", "prompt": "ask: ", "max_tokens": 40}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve sentence pairs of two languages."""
    place = tmp_path / "data"
    place.mkdir()
    for code in ("de", "fi"):
        src = [f"{code} {w} {WORDS[i - 1]}" for i, w in enumerate(WORDS)]
        tgt = [f"the {w} and {WORDS[i - 1]}" for i, w in enumerate(WORDS)]
        (place / f"x.{code}-en.{code}").write_text("\n".join(src) + "\n", encoding="utf-8")
        (place / f"x.{code}-en.en").write_text("\n".join(tgt) + "\n", encoding="utf-8")
    return place


def bitext(folder: Path) -> TargetSettings:
    return TargetSettings(name="bitext", data=folder)


@pytest.fixture
def clumsy(tmp_path: Path) -> Path:
    """An encoder whose own files ask for the first token and a prompt."""
    return make_tiny_encoder(tmp_path / "clumsy", "xlm-roberta", use=READ_ELSEWHERE)


# Declarations


@pytest.mark.parametrize("target", [TATOEBA, BUCC], ids=["tatoeba", "bucc"])
def test_four_protocols_of_which_the_others_name_their_files(target: Target) -> None:
    protocols = (*target.protocols, *target.others)
    names = ["crosslift", "xtreme", "mteb", "laser"]
    assert list(dict.fromkeys(p.name for p in protocols)) == names
    projects = {
        "xtreme": "google-research/xtreme: ",
        "mteb": "embeddings-benchmark/mteb: ",
        "laser": "facebookresearch/LASER: ",
    }
    for protocol in target.others:
        assert protocol.reproduces is not None
        assert protocol.reproduces.startswith(projects[protocol.name])
        assert "/" in protocol.reproduces.partition(": ")[2]
        assert ".py" in protocol.reproduces
    assert all(p.reproduces is None for p in target.protocols)
    assert len({p.id for p in protocols}) == len(protocols)
    of_both = [p.id for each in (TATOEBA, BUCC) for p in (*each.protocols, *each.others)]
    assert len(set(of_both)) == len(of_both), "a run tells of each by its id"


@pytest.mark.parametrize(
    ("protocol", "direction", "metric"),
    [
        (XTREME_RETRIEVAL, "en->xx", "top1_accuracy"),
        (MTEB_RETRIEVAL, "xx->en", "weighted_f1"),
        (LASER_RETRIEVAL, "both", "top1_accuracy"),
        (XTREME_MINING, "mining", "mining_f1"),
        (MTEB_MINING, "gold->en", "weighted_f1"),
        (LASER_MINING, "mining", "mining_f1"),
    ],
)
def test_direction_and_metric(protocol: Protocol, direction: str, metric: str) -> None:
    assert (protocol.direction, protocol.metric) == (direction, metric)
    facts = json.loads(json.dumps(protocol.facts(), allow_nan=False))
    assert facts["reproduces"] == protocol.reproduces
    assert (facts["direction"], facts["metric"]) == (direction, metric)


def test_mining_protocols_differ_in_what_the_threshold_is_fitted_on() -> None:
    facts_by_name = {p.name: p.facts() for p in (*BUCC.protocols, *BUCC.others)}
    assert facts_by_name["crosslift"]["threshold_source"] == "dev"
    assert facts_by_name["xtreme"]["threshold_source"] == "dev"
    assert facts_by_name["laser"]["threshold_source"] == "training"
    assert facts_by_name["mteb"]["threshold_source"] is None
    repeated = {name: facts.get("repeated_texts") for name, facts in facts_by_name.items()}
    assert repeated == {
        **{"crosslift": "united", "xtreme": "dropped"},
        **{"laser": "dropped", "mteb": None},
    }
    for name in ("crosslift", "xtreme", "laser"):
        facts = facts_by_name[name]
        assert (facts["margin"], facts["neighbours"], facts["retrieval"]) == ("ratio", 4, "max")


def test_names_of_protocols() -> None:
    assert TATOEBA.protocols_for(("crosslift",)) == TATOEBA.protocols
    assert TATOEBA.protocols_for(("mteb",)) == (*TATOEBA.protocols, MTEB_RETRIEVAL)
    assert TATOEBA.protocols_for(("laser", "xtreme")) == (
        *TATOEBA.protocols,
        XTREME_RETRIEVAL,
        LASER_RETRIEVAL,
    )
    assert TATOEBA.protocols_for(("all",)) == (*TATOEBA.protocols, *TATOEBA.others)
    assert BUCC.protocols_for(("all",)) == (*BUCC.protocols, *BUCC.others)
    with pytest.raises(UnknownNameError, match="unknown protocol of tatoeba 'xtrem'") as caught:
        TATOEBA.protocols_for(("crosslift", "xtrem"))
    assert "did you mean 'xtreme'?" in str(caught.value)
    with pytest.raises(UnknownNameError, match="unknown protocol of pictures 'xtreme'"):
        TARGETS["pictures"].protocols_for(("xtreme",))


def test_the_direction_that_verdicts_are_of_comes_first() -> None:
    directions = [p.direction for p in TATOEBA.with_direction("en->xx").protocols_for(("laser",))]
    assert directions == ["en->xx", "xx->en", "both"]
    assert TATOEBA.with_direction("xx->en") == TATOEBA.with_direction(None) == TATOEBA
    both = TATOEBA.with_direction("both").protocols
    assert [p.id for p in both] == ["crosslift/both", "crosslift/xx->en", "crosslift/en->xx"]
    pictures = TARGETS["pictures"]
    assert pictures.with_direction("picture->text").protocols[0].direction == "picture->text"
    for target, direction in ((pictures, "both"), (TATOEBA, "picture->text"), (BUCC, "xx->en")):
        with pytest.raises(UnknownNameError, match=f"unknown direction of {target.name}"):
            target.with_direction(direction)  # type: ignore[arg-type]


def test_words_have_the_mean_margin_of_both_directions() -> None:
    data = BitextData({"de": Bitext("de", ("a", "b"), ("x", "y"), ("1", "2"))}, words=True)
    vectors = {"a": [1, 0], "b": [0, 1], "x": [1, 0], "y": [0.6, 0.8]}

    def lookup(requested: tuple[str, ...]) -> np.ndarray:
        return np.array([vectors[text] for text in requested], np.float32)

    protocols = TATOEBA.with_direction("both").protocols
    both, forward, backward = evaluate_bitexts(
        dict.fromkeys(protocols, SideLookups.of_both(lookup)), data
    )
    np.testing.assert_allclose(forward.values["pair_margin"], [0.4, 0.8], atol=1e-6)
    np.testing.assert_allclose(backward.values["pair_margin"], [1.0, 0.2], atol=1e-6)
    np.testing.assert_allclose(both.values["pair_margin"], [0.7, 0.5], atol=1e-6)
    np.testing.assert_allclose(both.values["pair_cosine"], [1.0, 0.8], atol=1e-6)


def test_a_single_name_of_a_protocol_is_a_list_of_one() -> None:
    raw: dict[str, Any] = {"name": "names", "protocols": "mteb"}
    assert TargetSettings.model_validate(raw).protocols == ("mteb",)
    assert TargetSettings(name="names").protocols == ("crosslift",)


# Reading


def of_layers(folder: Path, layers: int, name: str = "num_hidden_layers") -> EncoderSettings:
    """An encoder folder with nothing but the number of layers."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({name: layers}), encoding="utf-8")
    (folder / "model.safetensors").touch()
    return EncoderSettings(name=str(folder), pooling="first_token", prompt="ask: ", hidden_state=1)


@pytest.mark.parametrize(
    ("protocol", "layers", "state"),
    [
        (XTREME_RETRIEVAL, 12, 8),
        (XTREME_RETRIEVAL, 24, 14),
        (XTREME_RETRIEVAL, 2, 2),
        (XTREME_MINING, 12, 8),
        (XTREME_MINING, 24, 20),
        (XTREME_MINING, 2, 0),
    ],
)
def test_xtreme_reads_its_own_hidden_state_without_prompt(
    protocol: Protocol, layers: int, state: int, tmp_path: Path
) -> None:
    settings = of_layers(tmp_path / "encoder", layers)
    changed = protocol.reading(settings, lambda: layers_of(settings))
    assert (changed.hidden_state, changed.pooling, changed.prompt) == (state, "mean", "")
    assert changed.name == settings.name
    assert not protocol.own_reading


@pytest.mark.parametrize("name", ["num_hidden_layers", "n_layers", "num_layers", "n_layer"])
def test_layers_are_counted_by_any_of_their_names(name: str, tmp_path: Path) -> None:
    assert layers_of(of_layers(tmp_path / "encoder", 7, name)) == 7


def test_unknown_number_of_layers(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="does not say how many layers"):
        layers_of(of_layers(tmp_path / "encoder", 7, "depth"))


@pytest.mark.parametrize(
    "protocol", [*RETRIEVAL, LASER_RETRIEVAL, *MINING, LASER_MINING], ids=lambda p: p.id
)
def test_the_others_read_as_the_encoder_says(protocol: Protocol) -> None:
    def never() -> int:
        raise AssertionError("the layers were counted")

    settings = EncoderSettings(name="x", prompt="ask: ", hidden_state=1)
    assert protocol.own_reading
    assert protocol.reading(settings, never) == settings


def test_xtreme_scores_the_vectors_it_reads(clumsy: Path, folder: Path) -> None:
    """The encoder's own settings read texts differently, so its scores differ."""
    encoder = EncoderSettings(name=str(clumsy), precision="float32", hidden_state=1)
    data = load_bitexts(bitext(folder))
    evaluation = evaluate(encoder, bitext(folder), "xtreme")
    reading = {key: evaluation.protocol[key] for key in ("pooling", "prompt", "hidden_state")}
    assert reading == {"pooling": "mean", "prompt": "", "hidden_state": LAYERS}
    ready = load_tiny(clumsy, pooling="mean", prompt="", hidden_state=LAYERS)
    for language, pairs in data.bitexts.items():
        src, tgt = (encode(ready, side).astype(np.float64) for side in (pairs.src, pairs.tgt))
        cosines = tgt @ src.T / np.linalg.norm(tgt, axis=1)[:, None] / np.linalg.norm(src, axis=1)
        right = (cosines.argmax(axis=1) == np.arange(len(tgt))).mean()
        assert evaluation.languages[language]["top1_accuracy"] == pytest.approx(right, abs=1e-6)
        assert evaluation.languages[language]["n"] == len(tgt)
    ours = evaluate(encoder, bitext(folder), direction="en->xx")
    assert ours.protocol["pooling"] == "first_token"
    assert ours.protocol["prompt"] == "ask: "
    assert ours.macro["top1_accuracy"] != evaluation.macro["top1_accuracy"]


def steps_made(store: Store, kind: str) -> int:
    return len(list(store.root.glob(f"{kind}/*/manifest.json")))


def test_protocols_that_read_alike_share_one_encoding(clumsy: Path, folder: Path) -> None:
    encoder = EncoderSettings(name=str(clumsy), precision="float32")
    trained = Trained.untouched(encoder)
    target_settings = bitext(folder)
    for names, others in (
        (("laser",), set()),
        (("mteb", "laser"), {"mteb"}),
        (("xtreme",), {"xtreme"}),
        (("all",), {"xtreme", "mteb"}),
    ):
        loaded = load_target(target_settings.model_copy(update={"protocols": names}))
        own = ("src texts", "tgt texts")
        apart = {"xtreme"} & others  # MTEB follows the files of this encoder
        for steps in encode_steps(trained, loaded).values():
            assert set(steps) == {*own, *(f"{role} as {name}" for name in others for role in own)}
            assert len({step.key for step in steps.values()}) == 2 * (1 + len(apart))
            assert {role for p in loaded.protocols for role in roles_of(p)} == set(steps)


def test_steps_of_all_protocols_are_made_once(clumsy: Path, folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    encoder = EncoderSettings(name=str(clumsy), precision="float32")
    evaluations = evaluate_protocols(encoder, bitext(folder), ("mteb", "laser"), store)
    assert [e.protocol["name"] for e in evaluations] == ["crosslift", "crosslift", "mteb", "laser"]
    assert (steps_made(store, "encode"), steps_made(store, "evaluate")) == (3, 2)
    evaluations = evaluate_protocols(encoder, bitext(folder), ("all",), store)
    assert [e.protocol["pooling"] for e in evaluations] == [
        "first_token",
        "first_token",
        "mean",
    ] + ["first_token"] * 2
    assert (steps_made(store, "encode"), steps_made(store, "evaluate")) == (6, 4)
    as_xtreme = encoder.model_copy(update={"pooling": "mean", "prompt": "", "hidden_state": LAYERS})
    evaluate_protocols(as_xtreme, bitext(folder), ("xtreme", "laser"), store)
    assert steps_made(store, "encode") == 6, "its own reading is that of xtreme, which exists"


# Scores


COUNT = 23


@pytest.fixture(params=range(4))
def signs(request: pytest.FixtureRequest) -> tuple[BitextData, Lookup, np.ndarray]:
    """Vectors of -1 and 1, so that many cosines are equal, and their products as whole numbers."""
    generator = np.random.default_rng(request.param)
    src = (*(f"s{i}" for i in range(COUNT - 2)), "s3", "s3")
    tgt = (*(f"t{i}" for i in range(COUNT - 3)), "t2", "t5", "t5")
    known = {text: generator.choice([-1, 1], 5) for text in sorted({*src, *tgt})}
    for i in range(0, COUNT, 2):  # every other pair is close, but for one place
        near = known[src[i]].copy()
        near[i % 5] *= -1 if i % 4 else 1
        known[tgt[i]] = near
    products = np.array([[known[s] @ known[t] for t in tgt] for s in src])
    items = tuple(f"de:{i}" for i in range(COUNT))
    data = BitextData({"de": Bitext("de", src, tgt, items)})
    return data, lambda requested: np.array([known[t] for t in requested], np.float32), products


def first_of_the_best(row: Sequence[int]) -> int:
    return next(i for i, value in enumerate(row) if value == max(row))


def expected_top1(row: Sequence[int], gold: int) -> float:
    best = [i for i, value in enumerate(row) if value == max(row)]
    return (gold in best) / len(best)


def xtreme(products: np.ndarray) -> float:
    return float(np.mean([first_of_the_best(row) == i for i, row in enumerate(products.T)]))


def mteb(products: np.ndarray) -> float:
    predicted = [first_of_the_best(row) for row in products]
    return float(f1_score(range(len(predicted)), predicted, average="weighted", zero_division=0))


def laser(products: np.ndarray) -> float:
    forward = np.mean([first_of_the_best(row) == i for i, row in enumerate(products)])
    return (float(forward) + xtreme(products)) / 2


def ours(products: np.ndarray) -> float:
    return float(np.mean([expected_top1(row, i) for i, row in enumerate(products)]))


def ours_back(products: np.ndarray) -> float:
    return ours(products.T)


@pytest.mark.parametrize(
    ("protocol", "score"),
    [
        (RETRIEVAL[0], ours),
        (RETRIEVAL[1], ours_back),
        (XTREME_RETRIEVAL, xtreme),
        (MTEB_RETRIEVAL, mteb),
        (LASER_RETRIEVAL, laser),
    ],
    ids=["ours", "ours-back", "xtreme", "mteb", "laser"],
)
def test_scores_with_many_ties(
    signs: tuple[BitextData, Lookup, np.ndarray],
    protocol: Protocol,
    score: Callable[[np.ndarray], float],
) -> None:
    data, lookup, products = signs
    (outcomes,) = evaluate_bitexts({protocol: SideLookups.of_both(lookup)}, data)
    assert outcomes.protocol == protocol.id
    assert outcomes.score(protocol.metric) == pytest.approx(score(products), abs=1e-12)
    by_query = products.T if protocol.direction == "en->xx" else products
    best = [f"de:{first_of_the_best(row)}" for row in by_query]
    assert list(outcomes.retrieved) == best


def test_the_protocols_differ_on_one_set_of_vectors(
    signs: tuple[BitextData, Lookup, np.ndarray],
) -> None:
    values = [score(signs[2]) for score in (ours, ours_back, xtreme, mteb, laser)]
    assert len(set(values)) == len(values)


def test_two_pairs_by_hand() -> None:
    """All vectors are equal: there, the lowest index wins; here, no candidate does."""
    data = BitextData({"de": Bitext("de", ("a", "b"), ("c", "d"), ("de:1", "de:2"))})
    protocols = (*RETRIEVAL, XTREME_RETRIEVAL, MTEB_RETRIEVAL, LASER_RETRIEVAL)
    outcomes = evaluate_bitexts(
        dict.fromkeys(protocols, SideLookups.of_both(lambda t: np.ones((len(t), 3), np.float32))),
        data,
    )
    values = {o.protocol: next(iter(o.values.values())).tolist() for o in outcomes}
    assert values == {
        "crosslift/xx->en": [0.5, 0.5],
        "crosslift/en->xx": [0.5, 0.5],
        "xtreme/en->xx": [1, 0],
        "mteb/xx->en": [pytest.approx(2 / 3), 0],
        "laser/both": [1, 0],
    }


# Commands and Python


def test_evaluate_names_missing_parts(clumsy: Path, folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="direction of protocol laser 'xx->en'"):
        evaluate(str(clumsy), bitext(folder), "laser", "xx->en")
    with pytest.raises(UnknownNameError, match="protocol of bitext 'mtebb'") as caught:
        evaluate(str(clumsy), bitext(folder), "mtebb")
    assert "did you mean 'mteb'?" in str(caught.value)
    with pytest.raises(UnknownNameError, match="single protocol of bitext 'all'"):
        evaluate(str(clumsy), bitext(folder), "all")


def test_the_command_shows_protocols_side_by_side(
    crosslift: Any,
    clumsy: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    command = ("evaluate", clumsy, "--target", "bitext", "--data", folder, "--protocol")
    result = crosslift(*command, "all", "--json", "-")
    assert result.code == 0, result.err
    directions = ["xx->en", "en->xx", "en->xx", "xx->en", "both"]
    assert [entry["protocol"]["direction"] for entry in result.json] == directions
    for entry in result.json:
        name, direction = entry["protocol"]["name"], entry["protocol"]["direction"]
        assert f"{name} {direction}" in result.err
        assert entry["metric"] in entry["macro"]
        one = crosslift(*command, name, "--json", "-", "--direction", direction)
        if direction != "both":
            assert one.json == entry
    last = crosslift(*command, "laser", "--json", "-")
    assert last.json == result.json[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--protocol", "laser", "--direction", "xx->en"), "direction of protocol laser 'xx->en'"),
        (("--protocol", "xtreme", "--direction", "xx->en"), "one of en->xx"),
        (("--protocol", "laserr"), "did you mean 'laser'"),
        (
            ("--protocol", "all", "--direction", "en->xx"),
            "--direction en->xx beside --protocol all",
        ),
    ],
)
def test_the_command_refuses(
    crosslift: Any,
    clumsy: Path,
    folder: Path,
    options: tuple[str, ...],
    message: str,
) -> None:
    result = crosslift("evaluate", clumsy, "--target", "bitext", "--data", folder, *options)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert "Traceback" not in result.err


def test_tasks_of_one_name_on_different_files_are_both_compared(
    tmp_path: Path, xlm_folder: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.tsv").write_text(
            f"anchor\tpositive\n{name} cat\t{name} dog\n{name} owl\t{name} hen\n"
        )
    stages = {
        name: [{"task": "text-pairs", "data": str(tmp_path / f"{name}.tsv")}]
        for name in ("one", "two")
    }
    study = parse_study(
        yaml.safe_dump(
            {
                "name": "twice",
                "question": "Is every file compared?",
                "starts": {"plain": {"encoder": str(xlm_folder)}},
                "start": "plain",
                "budget": {"updates": 1, "batch_size": 2},
                "arms": {"baseline": {}} | {n: {"stages": s} for n, s in stages.items()},
                "targets": [{"name": "names", "languages": ["de"]}],
            }
        )
    )
    steps = plan_study(study).overlaps
    assert list(steps) == [("text-pairs", "names"), ("text-pairs (2)", "names")]
    assert len({step.key for step in steps.values()}) == 2
