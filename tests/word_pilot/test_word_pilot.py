"""The word pilot: figures by hand, alignment against anisotropy, encoders and decoders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_encoder import load_tiny, make_tiny_decoder, make_tiny_encoder

from crosslift.artifacts.progress import Phase, Silent
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import DataError, EncoderError, StudyError
from crosslift.results.result_record import from_json
from crosslift.results.word_alignments import (
    AlignmentFigures,
    BestState,
    Estimate,
    PilotState,
    WordPilot,
)
from crosslift.retrieval.directions import both_directions
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.sources.lexicons.one_to_one import one_to_one
from crosslift.word_pilot.alignment import WordAlignment, alignment_of
from crosslift.word_pilot.findings import MOSTLY_SHARED, best_of, findings_of
from crosslift.word_pilot.page import write_word_pilot_page
from crosslift.word_pilot.pilot import FEWEST_PAIRS, PilotWords, choose_words, pilot_of_words
from crosslift.word_pilot.pilot_sentences import cosine, margin, states, together, verdict_of
from crosslift.wording import share

Sides = tuple[NDArray[np.float32], NDArray[np.float32]]
WORDS, WIDTH = 200, 48


def _best(state: int, *level_with: int) -> BestState:
    return BestState(hidden_state=state, level_with=level_with)


def at(pilot: WordPilot, state: int) -> PilotState:
    """What a pilot measured at a hidden state."""
    return next(each for each in pilot.states if each.hidden_state == state)


def states_of(pilot: WordPilot) -> list[int]:
    return [each.hidden_state for each in pilot.states]


# Pairs of words


def test_each_word_appears_once_on_its_side() -> None:
    pairs = [
        ("acha", "leave"),
        ("acha", "quit"),
        ("toka", "leave"),
        ("radio", "Radio"),
        ("toka", "exit"),
        ("quit", "acha"),
    ]
    matching = one_to_one(pairs)
    assert matching.pairs == (("acha", "leave"), ("toka", "exit"), ("quit", "acha"))
    assert (matching.repeated, matching.spelled_alike) == (2, 1)


def test_no_pairs_are_no_pairs() -> None:
    assert one_to_one([]).pairs == ()


def word_pairs(count: int) -> list[tuple[str, str]]:
    """Made-up words: consonant and vowel, twice; the English ones end in a consonant more."""
    first = [c + v for c in "bdfgklmnprst" for v in "aeiou"]
    return [(a + first[i % 7], first[-1 - i % 11] + a[::-1] + "n") for i, a in enumerate(first)][
        :count
    ]


def test_words_are_drawn_by_the_seed_and_counted() -> None:
    pairs = [*word_pairs(50), ("same", "SAME"), (word_pairs(1)[0][0], "other")]
    chosen = choose_words(pairs, 30, seed=1)
    assert len(chosen.pairs) == 30
    assert chosen.left_out == {
        "repeats a word of a pair before it": 1,
        "spelled alike in both languages": 1,
        "not drawn": 20,
    }
    assert sum(chosen.left_out.values()) + len(chosen.pairs) == len(pairs)
    assert list(chosen.pairs) == [pair for pair in pairs if pair in chosen.pairs]
    assert choose_words(pairs, 30, seed=1) == chosen
    assert choose_words(pairs, 30, seed=2).pairs != chosen.pairs
    assert chosen.pairs != tuple(pairs[:30])  # a lexicon is in the order of the alphabet


def test_all_words_are_kept_where_there_are_no_more() -> None:
    assert choose_words(word_pairs(30), 30, seed=0).pairs == tuple(word_pairs(30))


def test_too_few_words_are_refused() -> None:
    few = [*word_pairs(19), ("same", "Same")]
    with pytest.raises(DataError, match=r"19 pairs of words .*\(0 repeat a word, 1 are spelled"):
        choose_words(few, 1000, seed=0)
    with pytest.raises(DataError, match=f"at most 5 requested.*\n.*{FEWEST_PAIRS} or more"):
        choose_words(word_pairs(40), 5, seed=0)


# Figures


def test_three_words_by_hand() -> None:
    src = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    tgt = np.array([[1, 0], [0, 1], [0, -1]], np.float32)
    alignment = alignment_of(src, tgt)
    assert alignment.words == 3
    assert alignment.chance == pytest.approx(1 / 3)
    assert alignment.as_is.pairs == pytest.approx(2 / 3)
    assert alignment.as_is.random == pytest.approx(-1 / 3)
    assert alignment.as_is.margin.value == pytest.approx(1)
    # The third src word's cosines are -1, 0, 0, the third tgt word's 0, -1, 0: ties of two.
    assert alignment.as_is.src_to_tgt.value == pytest.approx(2.5 / 3)
    assert alignment.as_is.tgt_to_src.value == pytest.approx(2.5 / 3)
    assert alignment.as_is.both.value == pytest.approx(2.5 / 3)


def noise(seed: int, words: int = WORDS, width: int = WIDTH) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(words, width))


def aligned(seed: int = 0, spread: float = 1.0) -> Sides:
    shared = noise(seed)
    src, tgt = (shared + spread * noise(seed + part) for part in (1, 2))
    return src.astype(np.float32), tgt.astype(np.float32)


def test_against_plain_loops() -> None:
    src, tgt = aligned()
    alignment = alignment_of(src, tgt)
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (src, tgt)]
    for figures, sides in (
        (alignment.as_is, units),
        (alignment.centred, [rows - rows.mean(axis=0) for rows in units]),
    ):
        assert figures is not None
        src_units, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in sides)
        scores = src_units @ right.T
        others = ~np.eye(len(scores), dtype=bool)
        assert figures.pairs == pytest.approx(scores.diagonal().mean(), abs=1e-6)
        assert figures.random == pytest.approx(scores[others].mean(), abs=1e-6)
        assert figures.margin.value == pytest.approx(figures.pairs - figures.random, abs=1e-12)
        first = (scores.argmax(axis=1) == np.arange(len(scores))).mean()
        back = (scores.argmax(axis=0) == np.arange(len(scores))).mean()
        assert figures.src_to_tgt.value == pytest.approx(first)
        assert figures.tgt_to_src.value == pytest.approx(back)
        assert figures.both.value == pytest.approx((first + back) / 2)
        for estimate in (figures.margin, figures.src_to_tgt, figures.tgt_to_src, figures.both):
            assert estimate.low < estimate.value < estimate.high
    assert alignment.hits.mean() == pytest.approx(alignment.centred.both.value)  # type: ignore[union-attr]
    assert alignment.retrieval == alignment.centred.both  # type: ignore[union-attr]


def test_the_interval_of_the_margin_is_that_of_resampled_words() -> None:
    """Against a bootstrap that computes every draw's margin again, pairs of one word left out."""
    src, tgt = (rows[:80] for rows in aligned(3))
    estimate = alignment_of(src, tgt).as_is.margin
    src_units, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (src, tgt))
    scores = (src_units @ right.T).astype(np.float64)
    matched = scores.diagonal()
    chance = np.random.default_rng(5)
    values = []
    for _ in range(2000):
        drawn = chance.integers(0, len(scores), len(scores))
        other = drawn[:, None] != drawn[None, :]
        values.append(matched[drawn].mean() - scores[np.ix_(drawn, drawn)][other].mean())
    low, high = np.quantile(values, [0.025, 0.975])
    assert estimate.low == pytest.approx(low, abs=0.12 * (high - low))
    assert estimate.high == pytest.approx(high, abs=0.12 * (high - low))


def test_the_scale_of_a_vector_does_not_count() -> None:
    src, tgt = aligned()
    lengths = np.exp(noise(9, WORDS, 1)).astype(np.float32)
    one, other = alignment_of(src, tgt), alignment_of(src * lengths, tgt * 7)
    assert other.as_is.margin.value == pytest.approx(one.as_is.margin.value, abs=1e-7)
    assert other.as_is.both.value == one.as_is.both.value


@pytest.mark.parametrize(
    ("src", "tgt", "message"),
    [
        (np.ones((1, 2)), np.ones((1, 2)), "1 pair of words"),
        (np.ones((2, 2)), np.ones((3, 2)), r"\(2, 2\), tgt vectors of shape \(3, 2\)"),
        (np.ones((2, 2)), np.ones((2, 3)), "same width"),
        (np.array([[1.0, np.nan], [1, 1]]), np.ones((2, 2)), "src: row 0 is not finite"),
        (np.ones((2, 2)), np.array([[1.0, 1], [0, 0]]), "tgt: row 1 is all zeros"),
    ],
)
def test_faulty_vectors(src: Any, tgt: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        alignment_of(src, tgt)


# Anisotropy and alignment, on vectors of which both are known

CONSTANT = 10 * np.random.default_rng(77).normal(size=WIDTH)


def isotropic_aligned() -> Sides:
    return aligned(10, 0.5)


def unaligned() -> Sides:
    return noise(20).astype(np.float32), noise(21).astype(np.float32)


def anisotropy_alone() -> Sides:
    src, tgt = ((CONSTANT + 0.1 * noise(seed)).astype(np.float32) for seed in (30, 31))
    return src, tgt


def anisotropic_aligned() -> Sides:
    src, tgt = ((CONSTANT + 0.1 * rows).astype(np.float32) for rows in aligned(40, 0.5))
    return src, tgt


CASES = {0: anisotropy_alone, 1: anisotropic_aligned, 2: isotropic_aligned, 3: unaligned}


@pytest.fixture(scope="module")
def measured() -> dict[int, WordAlignment]:
    return {state: alignment_of(*make()) for state, make in CASES.items()}


def test_what_is_what(measured: dict[int, WordAlignment]) -> None:
    kinds = [(each.kind, each.anisotropic) for each in findings_of(measured)]
    assert kinds == [
        ("anisotropy", True),
        ("aligned", True),
        ("aligned", False),
        ("none", False),
    ]


def test_the_figures_of_each_case(measured: dict[int, WordAlignment]) -> None:
    for state in (0, 1):  # a cosine near 1 of pairs and of random ones, whether aligned or not
        assert measured[state].as_is.pairs > 0.999
        assert measured[state].as_is.random > 0.999
    for state in (0, 3):
        for figures in (measured[state].as_is, measured[state].centred):
            assert figures is not None
            assert figures.margin.low < 0 < figures.margin.high
            assert figures.both.value < 0.03
    for state in (1, 2):
        assert measured[state].as_is.margin.low > 0
        assert measured[state].retrieval.value > 0.9
    centred = [measured[state].centred for state in CASES]
    assert [abs(figures.random) < 0.05 for figures in centred if figures] == [True] * 4
    assert centred[1] is not None
    assert centred[1].pairs > 0.6


def test_the_verdict_on_anisotropy_alone(measured: dict[int, WordAlignment]) -> None:
    alone = {2: measured[0]}
    findings = findings_of(alone)
    sentences = verdict_of(alone, findings, best_of(alone, findings))
    near = re.fullmatch(
        r"At hidden state 2 the cosine of pairs is (0\.9\d+), but that of random pairs is (0\.9\d+): "
        r"this is anisotropy, not alignment; retrieval is \d\.\d+% \(chance 0\.50%\), \d\.\d+% "
        r"after centring\.",
        sentences[0],
    )
    assert near is not None
    assert float(near[1]) == pytest.approx(float(near[2]), abs=1e-4)
    assert not any("are aligned" in sentence for sentence in sentences)


def test_the_verdict_on_both_at_once(measured: dict[int, WordAlignment]) -> None:
    alone = {2: measured[1]}
    findings = findings_of(alone)
    sentence = verdict_of(alone, findings, best_of(alone, findings))[0]
    assert (
        "the height is anisotropy. The words are aligned there all the same: the margin is"
        in sentence
    )


def test_the_verdict_on_all_hidden_states(measured: dict[int, WordAlignment]) -> None:
    findings = findings_of(measured)
    best = best_of(measured, findings)
    assert best in (_best(1, 2), _best(2, 1))
    sentences = verdict_of(measured, findings, best)
    assert f"Words are best aligned at hidden state {best.hidden_state}" in sentences[1]
    assert f"Hidden state {best.level_with[0]} is not distinguished from it." in sentences[1]
    assert sentences[2] == (
        "Aligned: hidden states 1 and 2. Anisotropy alone: hidden state 0. No alignment: hidden state "
        f"3. Random pairs have a cosine above {MOSTLY_SHARED} at hidden states 0 and 1."
    )
    assert "corrected after Holm over 12 tests" in sentences[3]


def test_no_alignment_anywhere(measured: dict[int, WordAlignment]) -> None:
    some = {0: measured[0], 3: measured[3]}
    findings = findings_of(some)
    assert best_of(some, findings) is None
    sentences = verdict_of(some, findings, None)
    assert sentences[1] == "Words are aligned at no hidden state."
    assert sentences[0].startswith("At hidden state 0 the cosine of pairs is highest, 0.9")


def test_centring_finds_words_behind_the_difference_of_two_languages() -> None:
    """Each language has its own direction, on which some words lie farther: hubs."""
    src_vectors, right = aligned(50, 0.5)
    away = np.random.default_rng(3).normal(size=WIDTH)
    hubs = 1 + np.abs(noise(51, WORDS, 1))
    src = src_vectors + 6 * away
    tgt = right + 2 * hubs * (away[::-1] + away)
    alignment = alignment_of(src, tgt)
    assert alignment.centred is not None
    assert alignment.centred.both.value > alignment.as_is.both.value + 0.05


def test_equal_vectors_have_no_direction_left() -> None:
    """What a first-token pooling reads at hidden state 0."""
    same = np.tile(np.arange(1.0, 5.0), (30, 1))
    alignment = alignment_of(same, same)
    assert alignment.centred is None
    assert alignment.not_centred == "without their mean nothing is left of 30 of 30 src vectors"
    assert alignment.as_is.both.value == pytest.approx(1 / 30)
    assert alignment.as_is.margin.value == pytest.approx(0, abs=1e-12)
    alone = {0: alignment}
    assert [each.kind for each in findings_of(alone)] == ["anisotropy"]
    sentence = verdict_of(alone, findings_of(alone), None)[0]
    assert "pairs is 1.00, but that of random pairs is 1.00: this is anisotropy" in sentence
    assert "it cannot be centred" in sentence


def test_unaligned_words_are_rarely_called_anything_else() -> None:
    """The chance of any false finding stays near alpha, in a narrow cone too, with heavy tails."""
    chance = np.random.default_rng(8)
    kinds = []
    for _ in range(60):
        src, tgt = (CONSTANT / 3 + chance.standard_t(3, size=(60, WIDTH)) for _ in "st")
        kinds.append(findings_of({0: alignment_of(src, tgt)})[0].kind)
    assert "aligned" not in kinds
    assert kinds.count("in part") <= 6  # 3 are expected at most


# The rule, on figures by hand


def by_hand(
    margin: tuple[float, float],
    as_is: tuple[float, float],
    centred: tuple[float, float],
    random: float = 0.2,
) -> WordAlignment:
    """Each a value and its p; chance is 0.01."""

    def estimate(pair: tuple[float, float]) -> Estimate:
        value, p = pair
        return Estimate(value=value, low=value - 0.01, high=value + 0.01, p=p)

    def figures(retrieval: tuple[float, float]) -> AlignmentFigures:
        each = estimate(retrieval)
        return AlignmentFigures(
            pairs=random + margin[0],
            random=random,
            margin=estimate(margin),
            src_to_tgt=each,
            tgt_to_src=each,
            both=each,
        )

    return WordAlignment(100, 0.01, 0.95, figures(as_is), figures(centred), "", np.zeros(100))


@pytest.mark.parametrize(
    ("alignment", "kind"),
    [
        (by_hand((0.1, 0.001), (0.3, 0.001), (0.3, 0.001)), "aligned"),
        (by_hand((0.1, 0.001), (0.02, 0.4), (0.3, 0.001)), "aligned"),
        (by_hand((0.1, 0.001), (0.3, 0.001), (0.02, 0.4)), "aligned"),
        (by_hand((0.1, 0.001), (0.02, 0.4), (0.02, 0.4)), "in part"),
        (by_hand((0.1, 0.4), (0.3, 0.001), (0.3, 0.001)), "in part"),
        (by_hand((0.1, 0.4), (0.02, 0.4), (0.02, 0.4)), "none"),
        # Below what chance gives is no sign of alignment, however sure.
        (by_hand((-0.1, 0.001), (0.0, 0.001), (0.0, 0.001)), "none"),
        (by_hand((0.0, 0.4), (0.02, 0.4), (0.02, 0.4), random=0.51), "anisotropy"),
        (by_hand((0.0, 0.4), (0.02, 0.4), (0.02, 0.4), random=0.49), "none"),
    ],
)
def test_the_rule(alignment: WordAlignment, kind: str) -> None:
    assert findings_of({0: alignment})[0].kind == kind


def test_hidden_states_are_corrected_together() -> None:
    """p = 0.01 is a finding among 3 tests, and none among 30."""
    border = by_hand((0.1, 0.01), (0.3, 0.01), (0.3, 0.01))
    nothing = by_hand((0.0, 0.9), (0.01, 0.9), (0.01, 0.9))
    assert findings_of({0: border})[0].kind == "aligned"
    many = findings_of({0: border} | dict.fromkeys(range(1, 10), nothing))
    assert many[0].kind == "none"
    assert many[0].p_margin == pytest.approx(0.3)


def test_the_best_is_distinguished_from_those_that_retrieve_less() -> None:
    full = {
        0: alignment_of(*aligned(60, 2.0)),
        1: alignment_of(*aligned(60, 0.6)),
    }
    findings = findings_of(full)
    assert [each.kind for each in findings] == ["aligned", "aligned"]
    best = best_of(full, findings)
    assert best == _best(1)
    sentences = verdict_of(full, findings, best)
    assert sentences[1].endswith("No other aligned state retrieves as much.")


def test_among_equals_the_lowest_hidden_state_is_best() -> None:
    one = alignment_of(*aligned())
    same = {4: one, 7: one, 5: one}
    assert best_of(same, findings_of(same)) == _best(4, 7, 5)


# Words


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        (0.81, 0.62, ("0.81", "0.62")),
        (0.8123, 0.8119, ("0.8123", "0.8119")),
        (0.99998, 0.99991, ("0.99998", "0.99991")),
        (0.999999999, 0.999, ("over 0.9999999", "0.9990000")),
        (0.5, 0.5, ("0.50", "0.50")),
        (0.99998, 0.99998, ("0.99998", "0.99998")),
        (1 - 1e-16, 1.0, ("1.00", "1.00")),
        (1 - 1e-9, 1 - 2e-9, ("over 0.9999999", "over 0.9999999")),
        (1.0, 1.0, ("1.00", "1.00")),
        (-0.001, 0.02, ("0.00", "0.02")),
    ],
)
def test_two_cosines_are_shown_apart(first: float, second: float, texts: tuple[str, str]) -> None:
    assert together(first, second) == texts


def test_numbers_in_words() -> None:
    assert cosine(-0.00001) == "0.0000"
    assert margin(0.19342) == "+0.1934"
    assert margin(-0.0000213) == "-2.1e-05"
    assert margin(0.0) == "+0.0000"
    assert share(0.4534, 1) == "45.3%"
    assert share(0.001, 1) == "0.10%"
    assert share(0.0, 1) == "0.0%"
    assert states([3]) == "hidden state 3"
    assert states([1, 2]) == "hidden states 1 and 2"
    assert states([0, 1, 2, 3, 7, 9, 10, 11, 12]) == "hidden states 0 to 3, 7 and 9 to 12"


# Encoders and decoders


PAIRS = PilotWords("by hand", "sw", "0" * 8, tuple(word_pairs(40)), {"not drawn": 3})


@pytest.fixture(scope="module")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_decoder(tmp_path_factory.mktemp("llama") / "llama")


def found_by_itself(folder: Path, state: int, pooling: str) -> tuple[float, float]:
    """Mean cosine of pairs, and top-1 of src words, of vectors that are encoded for one state."""
    encoder = load_tiny(folder, hidden_state=state, pooling=pooling, prompt="")
    src, tgt = (encode(encoder, [pair[side] for pair in PAIRS.pairs]) for side in (0, 1))
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (src, tgt)]
    right = top1_accuracy(both_directions(src, tgt).src_to_tgt)
    return float((units[0] * units[1]).sum(axis=1).mean()), float(right.mean())


@pytest.mark.parametrize("kind", ["xlm-roberta", "llama"])
def test_every_hidden_state_is_measured_as_by_itself(
    xlm_folder: Path, llama_folder: Path, kind: str
) -> None:
    folder = {"xlm-roberta": xlm_folder, "llama": llama_folder}[kind]
    pilot = pilot_of_words(str(folder), PAIRS)
    assert states_of(pilot) == list(range(3 if kind == "xlm-roberta" else 4))
    assert pilot.reading.pooling == "mean_without_specials"
    assert pilot.reading.prompt == ""
    assert pilot.reading.precision == "float32"
    assert pilot.words.pairs == 40
    for measured in pilot.states:
        pairs, right = found_by_itself(folder, measured.hidden_state, "mean_without_specials")
        assert measured.as_is.pairs == pytest.approx(pairs, abs=1e-5)
        assert measured.as_is.src_to_tgt.value == pytest.approx(right, abs=1 / 40 + 1e-9)


def test_a_decoder_is_pooled_over_the_words_own_tokens(llama_folder: Path) -> None:
    """Hidden state 0 is the mean of the word's rows; the mark before it is left out."""
    encoder = load_tiny(llama_folder, hidden_state=0, pooling="mean_without_specials")
    table = encoder.table.weight.detach().numpy()
    ids = encoder.tokenise(["baba"])[0]
    assert ids[0] == 0
    np.testing.assert_allclose(encode(encoder, ["baba"])[0], table[ids[1:]].mean(axis=0), atol=1e-6)


def test_the_mark_before_every_word_is_anisotropy_in_a_decoder(llama_folder: Path) -> None:
    """Its state is one vector for all words, so pooling it says nothing, and pooling it in raises
    the cosine of any two words."""
    settings = EncoderSettings(name=str(llama_folder), precision="float32", pooling="first_token")
    pilot = pilot_of_words(settings, PAIRS, hidden_states=[3])
    assert at(pilot, 3).as_is.random == pytest.approx(1, abs=1e-6)
    assert pilot.states[0].kind == "anisotropy"
    assert "this is anisotropy, not alignment" in pilot.verdict[0]
    assert pilot.best is None
    mixed, without_mark = (
        pilot_of_words(settings.model_copy(update={"pooling": pooling}), PAIRS, hidden_states=[3])
        for pooling in ("mean", "mean_without_specials")
    )
    assert at(mixed, 3).as_is.random > at(without_mark, 3).as_is.random


def test_the_models_own_pooling_is_used_and_no_prompt(tmp_path: Path) -> None:
    use = {"pooling": "cls", "prompt": "query: ", "max_tokens": 20}
    folder = make_tiny_encoder(tmp_path / "own", "xlm-roberta", use=use)
    pilot = pilot_of_words(str(folder), PAIRS, hidden_states=[1])
    assert pilot.reading.pooling == "first_token"
    assert pilot.reading.prompt == ""
    assert pilot.reading.max_tokens == 20
    prompted = EncoderSettings(
        name=str(folder), prompt="query: ", pooling="mean", precision="float32"
    )
    with_prompt = pilot_of_words(prompted, PAIRS, hidden_states=[1])
    without = pilot_of_words(prompted.model_copy(update={"prompt": None}), PAIRS, hidden_states=[1])
    assert with_prompt.reading.prompt == "query: "
    assert at(with_prompt, 1).as_is.random > at(without, 1).as_is.random


def test_hidden_states_can_be_chosen(xlm_folder: Path) -> None:
    some = pilot_of_words(str(xlm_folder), PAIRS, hidden_states=[2, 0, 2])
    assert states_of(some) == [0, 2]
    configured = pilot_of_words(EncoderSettings(name=str(xlm_folder), hidden_state=1), PAIRS)
    assert states_of(configured) == [1]


@pytest.mark.parametrize("wrong", [[0, 3], [-1], []])
def test_a_hidden_state_that_the_model_lacks(xlm_folder: Path, wrong: list[int]) -> None:
    with pytest.raises(EncoderError, match=r"0 \(embedding output\) to 2"):
        pilot_of_words(str(xlm_folder), PAIRS, hidden_states=wrong)


class RecordingListener(Silent[Phase]):
    """Records the phases and their progress."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.done: dict[str, list[float]] = {}

    def begin(self, work: Phase) -> None:
        self.phases.append(f"begin {work.name}")
        self.name = work.name

    def advance(self, done: float) -> None:
        self.done.setdefault(self.name, []).append(done)

    def end(self, work: Phase, seconds: float) -> None:
        assert seconds >= 0
        self.phases.append(f"end {work.name}")


def test_pairs_of_the_same_tokens_in_another_order_are_alike_at_hidden_state_0(
    xlm_folder: Path,
) -> None:
    """The letters of each word, turned round, are its translation: a mean of rows cannot tell."""
    letters = [f"{a}{b}{c}" for a in "bcdfgh" for b in "jkmp" for c in "xzq"][:40]
    words = PilotWords("x", "sw", "", tuple((word, word[::-1]) for word in letters), {})
    listener = RecordingListener()
    pilot = pilot_of_words(str(xlm_folder), words, listener=listener)
    assert pilot.states[0].kind == "aligned"
    assert pilot.best is not None
    assert pilot.shared_tokens.pairs == 1
    assert 0 < pilot.shared_tokens.random < 1
    assert "Of the pairs, 100.0% have a token in common" in pilot.verdict[-1]
    assert listener.phases == ["begin encoding", "end encoding", "begin measuring", "end measuring"]
    assert listener.done["encoding"][-1] == 80
    assert listener.done["measuring"] == [1, 2, 3]


def test_shared_tokens_by_hand(xlm_folder: Path) -> None:
    """Of 20 pairs of one letter each, all different, one shares its letter with another's word."""
    src, tgt = "abcdefghijklmnopqrst", "uvwxyzABCDEFGHIJKLMa"
    words = PilotWords("x", "sw", "", tuple(zip(src, tgt, strict=True)), {})
    pilot = pilot_of_words(str(xlm_folder), words, hidden_states=[0])
    assert pilot.shared_tokens.pairs == 0
    assert pilot.shared_tokens.random == pytest.approx(1 / (20 * 19))


# JSON, page, command


@pytest.fixture(scope="module")
def pilot(tiny_folders: dict[str, Path]) -> WordPilot:
    return pilot_of_words(str(tiny_folders["xlm-roberta"]), PAIRS)


def test_json_holds_every_figure(pilot: WordPilot) -> None:
    content = json.loads(json.dumps(pilot.to_json(), allow_nan=False))
    assert content["words"] == {
        "lexicon": "by hand",
        "language": "sw",
        "checksum": "00000000",
        "pairs": 40,
        "left_out": {"not drawn": 3},
    }
    assert content["chance"] == 1 / 40
    assert [state["hidden_state"] for state in content["states"]] == [0, 1, 2]
    for state in content["states"]:
        measured = at(pilot, state["hidden_state"])
        assert state["as_is"]["margin"]["value"] == measured.as_is.margin.value
        assert state["centred"]["both"]["high"] == measured.centred.both.high  # type: ignore[union-attr]
    assert content["verdict"] == list(pilot.verdict)


def test_the_page_needs_nothing_but_itself(pilot: WordPilot, tmp_path: Path) -> None:
    write_word_pilot_page(pilot, tmp_path / "pilot.html")
    page = (tmp_path / "pilot.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert not re.search(r'(src|href)="(?!#)', page.replace('xlink:href="#', 'href="#'))
    assert "Swahili" in page
    for sentence in pilot.verdict:
        assert sentence in page
    rows = re.findall(r'<tr><th scope="row">(\d+)', page)
    assert rows == ["0", "1", "2"] * 2
    write_word_pilot_page(pilot, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "pilot.html").read_bytes()


def test_the_page_shows_what_could_not_be_centred(xlm_folder: Path, tmp_path: Path) -> None:
    settings = EncoderSettings(name=str(xlm_folder), precision="float32", pooling="first_token")
    pilot = pilot_of_words(settings, PAIRS, hidden_states=[0])
    write_word_pilot_page(pilot, tmp_path / "pilot.html")
    page = (tmp_path / "pilot.html").read_text(encoding="utf-8")
    assert "without their mean nothing is left of 40 of 40 src vectors" in page
    assert "anisotropy alone" in page


def test_a_page_of_another_ending_or_content(pilot: WordPilot, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ends in \.html"):
        write_word_pilot_page(pilot, tmp_path / "pilot.pdf")
    with pytest.raises(DataError, match="the pilot is malformed"):
        from_json(pilot.to_json() | {"states": []}, WordPilot, "the pilot")


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "words.tsv"
    lines = (f"{word}\t{english}" for word, english in word_pairs(40))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_command(crosslift: Any, xlm_folder: Path, lexicon: Path, tmp_path: Path) -> None:
    page = tmp_path / "pilot.html"
    done = crosslift(
        *("word-pilot", xlm_folder, lexicon, "--language", "sw", "--pairs", 30),
        *("--hidden-states", "0,2", "--out", page, "--json", "-"),
    )
    assert done.code == 0, done.err
    assert [state["hidden_state"] for state in done.json["states"]] == [0, 2]
    assert done.json["words"]["pairs"] == 30
    left_out = done.json["words"]["left_out"]
    assert left_out["control words, never trained on"] > 0
    assert left_out["not drawn"] + left_out["control words, never trained on"] == 10
    output = " ".join(done.err.split())
    for sentence in done.json["verdict"]:
        assert sentence in output
    assert "30 words, as the vectors are" in output
    assert f"left out: {left_out['control words, never trained on']} pairs: control words" in output
    assert done.json["verdict"][0] in page.read_text(encoding="utf-8")


def test_what_the_command_refuses(
    crosslift: Any, xlm_folder: Path, lexicon: Path, tmp_path: Path
) -> None:
    command = ("word-pilot", xlm_folder, lexicon, "--language", "sw")
    missing_state = crosslift(*command, "--hidden-states", "0,7")
    assert missing_state.code == 2
    assert "hidden_state 7" in missing_state.err
    assert "0 (embedding output) to 2" in missing_state.err
    words = crosslift(*command, "--hidden-states", "two")
    assert words.code == 2
    assert "--hidden-states 'two'" in words.err
    picture = crosslift(*command, "--out", tmp_path / "pilot.png")
    assert picture.code == 2
    assert "ends in .html" in picture.err


def test_hidden_states_from_the_command_line() -> None:
    from crosslift.cli.piloting import states_of

    assert states_of(None) is None
    assert states_of("0,2, 4") == (0, 2, 4)
    for wrong in ("", "1.5", "-1", "a"):
        with pytest.raises(StudyError, match="whole numbers from 0"):
            states_of(wrong)
