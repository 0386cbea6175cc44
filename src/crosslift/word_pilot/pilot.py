"""The pilot of targeted lexical injection: at which hidden states translated words are aligned.

Ngugi 2025 (arXiv 2506.15415) picks the early hidden state whose word pairs have the highest cosine.
The pilot measures every hidden state beside random pairs and retrieval, so that a cosine which all
words share is not mistaken for alignment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crosslift.artifacts.progress import Listener, Phase, Silent, in_phase
from crosslift.encoders.encode_texts import encode_into
from crosslift.encoders.encoder_folder import layers_of, own_use
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.reading import Place
from crosslift.encoders.tokens import tokenise_bare
from crosslift.errors import DataError, EncoderError
from crosslift.results.word_alignments import (
    MeasuredWords,
    PilotState,
    SharedTokens,
    StateFinding,
    WordPilot,
    WordReading,
)
from crosslift.sources.lexicons.one_to_one import one_to_one
from crosslift.sources.lexicons.read_lexicon import read_lexicon
from crosslift.sources.lexicons.split import split_of_lexicon
from crosslift.word_pilot.alignment import LEVEL, WordAlignment, alignment_of
from crosslift.word_pilot.findings import ALPHA, best_of, findings_of
from crosslift.word_pilot.pilot_sentences import verdict_of
from crosslift.wording import share

MOST_PAIRS = 1000
"""Default number of word pairs to measure."""

FEWEST_PAIRS = 20
"""The fewest pairs of a pilot: with fewer words an interval over words does not hold its level."""


@dataclass(frozen=True, slots=True)
class PilotWords:
    """The pairs of words that a pilot measures, and where they come from.

    Args:
        lexicon: its path or name.
        language: language of the words that are not English.
        checksum: checksum of the lexicon.
        pairs: word and its English translation, each word once on its side.
        left_out: reason -> pairs of the lexicon that are not measured.
    """

    lexicon: str
    language: str
    checksum: str
    pairs: tuple[tuple[str, str], ...]
    left_out: Mapping[str, int]


def word_pilot(
    model: EncoderSettings | str,
    lexicon: str | Path,
    language: str | None = None,
    *,
    hidden_states: Sequence[int] | None = None,
    most_pairs: int = MOST_PAIRS,
    seed: int = 0,
    listener: Listener[Phase] | None = None,
) -> WordPilot:
    """Measure at every hidden state of an encoder, or decoder, whether translated words are aligned.

    Args:
        model: as for `pilot_of_words`.
        lexicon: a file of word pairs, or ``names:LANGUAGE``.
        language: language of the words that are not English; None: the lexicon's own.
        hidden_states: as for `pilot_of_words`.
        most_pairs: largest number of pairs; of more, ``seed`` draws this many, since a lexicon is in
            alphabetical order.
        seed: as for `pilot_of_words`.
        listener: as for `pilot_of_words`.

    The control pairs of the lexicon are left out: training may use the hidden state that is chosen
    here, and measure its outcome on them.

    Raises:
        DataError: the lexicon cannot be read, or has fewer than ``FEWEST_PAIRS`` pairs to measure.
        EncoderError: as for `pilot_of_words`.
    """
    entries = read_lexicon(lexicon, language)
    split = split_of_lexicon(entries)
    pairs = [(pair.word, pair.english) for pair in split.trained]
    words = choose_words(pairs, most_pairs, seed)
    pilot_words = PilotWords(
        str(lexicon),
        entries.language,
        entries.checksum,
        words.pairs,
        {
            **entries.left_out,
            "control words, never trained on": len(split.control),
            **words.left_out,
        },
    )
    return pilot_of_words(
        model, pilot_words, hidden_states=hidden_states, seed=seed, listener=listener
    )


def choose_words(pairs: Sequence[tuple[str, str]], most_pairs: int, seed: int) -> PilotWords:
    """Pairs in which each word appears once on its side, at most ``most_pairs``, drawn by ``seed``.

    Raises:
        DataError: fewer than ``FEWEST_PAIRS`` remain or are requested.
    """
    matching = one_to_one(pairs)
    chosen = matching.pairs
    if min(len(chosen), most_pairs) < FEWEST_PAIRS:
        limit = f", at most {most_pairs} requested" if most_pairs < FEWEST_PAIRS else ""
        raise DataError(
            f"{len(chosen)} pairs of words that can be measured{limit} ({matching.repeated} repeat a "
            f"word, {matching.spelled_alike} are spelled alike)",
            f"{FEWEST_PAIRS} or more",
        )
    if len(chosen) > most_pairs:
        places = np.random.default_rng(seed).choice(len(chosen), most_pairs, replace=False)
        chosen = tuple(chosen[place] for place in sorted(places))
    left_out = {
        "repeats a word of a pair before it": matching.repeated,
        "spelled alike in both languages": matching.spelled_alike,
        "not drawn": len(matching.pairs) - len(chosen),
    }
    return PilotWords("", "", "", chosen, {why: count for why, count in left_out.items() if count})


def pilot_of_words(
    model: EncoderSettings | str,
    words: PilotWords,
    *,
    hidden_states: Sequence[int] | None = None,
    seed: int = 0,
    listener: Listener[Phase] | None = None,
) -> WordPilot:
    """Measure given pairs of words at every hidden state, from one run over the words.

    By default, a word is read without prompt and, unless the model's own files name a pooling, over the
    word's own tokens (``mean_without_specials``). Tokens around every word, a prompt or the mark of a
    text's beginning, are common to all words and raise the cosine of any two; in a decoder the state of
    the first mark is even the same vector for all. Arithmetic is in float32 if ``model`` is only a
    name: cosines near 1 differ in digits that bfloat16 lacks.

    The vectors of all hidden states are in memory at once: 4 x width bytes for each word and state.

    Args:
        model: `embedded`, a folder, a hub name, or settings of an encoder.
        words: the pairs to measure.
        hidden_states: their numbers; None: that of the settings, else all.
        seed: the seed that chose the pairs, for the report.
        listener: receives the progress. None: no reports.

    Raises:
        EncoderError: the encoder cannot be used or lacks a hidden state.
    """
    settings = EncoderSettings(name=model, precision="float32") if isinstance(model, str) else model
    states = _states(settings, hidden_states)
    encoder = load_encoder(_read_words(settings, states[-1]))
    listener = listener or Silent()
    vectors = _vectors(encoder, words.pairs, states, listener)
    alignments = {}
    with in_phase(listener, Phase("measuring", "hidden states", len(states))):
        for done, state in enumerate(states, 1):
            alignments[state] = alignment_of(*vectors.pop(state))
            listener.advance(done)
    findings = findings_of(alignments)
    best = best_of(alignments, findings)
    shared = _shared_tokens(encoder, words.pairs)
    return WordPilot(
        model=settings.name,
        words=MeasuredWords(
            lexicon=words.lexicon,
            language=words.language,
            checksum=words.checksum,
            pairs=len(words.pairs),
            left_out=dict(words.left_out),
        ),
        reading=WordReading(**{n: getattr(encoder.reading, n) for n in WordReading.model_fields}),
        shared_tokens=shared,
        chance=1 / len(words.pairs),
        level=LEVEL,
        alpha=ALPHA,
        seed=seed,
        states=tuple(_state(alignments[each.hidden_state], each) for each in findings),
        best=best,
        verdict=(*verdict_of(alignments, findings, best), _shared_words(shared, states)),
    )


def _state(alignment: WordAlignment, finding: StateFinding) -> PilotState:
    return PilotState(
        **dict(finding),
        as_is=alignment.as_is,
        centred=alignment.centred,
        not_centred=alignment.not_centred,
    )


def _states(settings: EncoderSettings, chosen: Sequence[int] | None) -> list[int]:
    """The hidden states to measure, ascending.

    Raises:
        EncoderError: the model lacks one of them, or there are none.
    """
    last = layers_of(settings)
    if chosen is None:
        configured = settings.hidden_state
        chosen = range(last + 1) if configured is None else [configured]
    missing = [state for state in chosen if not 0 <= state <= last]
    if missing or not chosen:
        what = f"hidden_state {missing[0]} of {settings.name!r}" if missing else "no hidden states"
        raise EncoderError(what, f"0 (embedding output) to {last}")
    return sorted(set(chosen))


def _read_words(settings: EncoderSettings, highest: int) -> EncoderSettings:
    """The encoder settings for reading words."""
    pooling = settings.pooling or own_use(settings).pooling or "mean_without_specials"
    changed = {"prompt": settings.prompt or "", "pooling": pooling, "hidden_state": highest}
    return settings.model_copy(update=changed)


Sides = tuple[NDArray[np.float32], NDArray[np.float32]]


def _vectors(
    encoder: Encoder,
    pairs: Sequence[tuple[str, str]],
    states: Sequence[int],
    listener: Listener[Phase],
) -> dict[int, Sides]:
    """Hidden state -> the vectors of both sides, float32 [N, D]; a text is encoded once."""
    number: dict[str, int] = {}
    for text in (text for pair in pairs for text in pair):
        number.setdefault(text, len(number))
    places = [Place(state, encoder.reading.pooling) for state in states]
    stores = [np.empty((len(number), encoder.width_in(p)), np.float32) for p in places]
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        listener.advance(done)

    with in_phase(listener, Phase("encoding", "words", len(number))):
        encode_into(stores, encoder, list(number), places, advance=advance)
    src, tgt = ([number[pair[side]] for pair in pairs] for side in (0, 1))
    return {state: (rows[src], rows[tgt]) for state, rows in zip(states, stores, strict=True)}


def _shared_tokens(encoder: Encoder, pairs: Sequence[tuple[str, str]]) -> SharedTokens:
    """Shares of the pairs, and of all mismatched pairs, with a token in common."""
    src, tgt = (
        _tokens_of(tokenise_bare(encoder, [pair[side] for pair in pairs])) for side in (0, 1)
    )
    width = max(src.shape[1], tgt.shape[1])
    for tokens in (src, tgt):
        tokens.resize((len(pairs), width))
    common = (src @ tgt.T).tocsr()
    matched, all_pairs = int((common.diagonal() > 0).sum()), int(common.nnz)
    count = len(pairs)
    return SharedTokens(pairs=matched / count, random=(all_pairs - matched) / (count * (count - 1)))


def _tokens_of(sequences: Sequence[NDArray[np.int64]]) -> Any:
    """The tokens of each text, sparse [N, tokens]."""
    rows = np.repeat(np.arange(len(sequences)), [len(ids) for ids in sequences])
    columns = np.concatenate(sequences)
    return csr_array((np.ones(len(columns)), (rows, columns)))


def _shared_words(shared: SharedTokens, states: Sequence[int]) -> str:
    sentence = (
        f"Of the pairs, {share(shared.pairs, 1)} have a token in common, of random pairs "
        f"{share(shared.random, 1)}."
    )
    if 0 not in states:
        return sentence
    return (
        f"{sentence} Hidden state 0 knows the tokens alone: what is found there is found by tokens in "
        "common, or because the token table is aligned itself."
    )
