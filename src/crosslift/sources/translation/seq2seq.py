"""Translation by a transformers model: Marian, M2M100, NLLB, mBART-50."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers

from crosslift.encoders.precision import device
from crosslift.errors import DataError
from crosslift.languages import FAMILIES, language
from crosslift.model_files.load_model import load_model, load_tokenizer, quiet_transformers
from crosslift.model_files.read_model import read_json_object
from crosslift.sources.translation.engines import Advance
from crosslift.sources.translation.marks import Marks, Piece, put_marks, take_marks
from crosslift.sources.translation.sentences import cut
from crosslift.sources.translation.target_language import TargetLanguage, target_language
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.sources.translation.translator_files import (
    translator,
    translator_facts,
    translator_folder,
)

MARKS = Marks("[", "]")
KINDS = ("marian", "m2m_100", "mbart")
"""Model types; NLLB is of type m2m_100."""

_WIDE = str.maketrans("［］", "[]")
_WITHOUT_SPACES = ("Hans", "Hant", "Jpan")
_MOST_TIMES_LONGER, _MORE_TOKENS = 3, 32


class Seq2Seq:
    """A translation model; its weights are loaded when it first translates.

    Texts are cut into sentences, equal ones are translated once, and sentences of similar length
    form a batch. The translation of a text is None if a sentence is longer than the model allows, or
    its translation does not end within three times its length plus 32 tokens.

    Args:
        settings: with a model.

    Raises:
        DataError: the model is missing, unreadable or of another type, or does not know a language.
    """

    def __init__(self, settings: TranslationSettings) -> None:
        self._settings = settings
        self._published = translator(settings)
        self._name = self._published.name
        self._folder = translator_folder(self._published)
        config = read_json_object(self._folder / "config.json", DataError)
        self._kind = str(config.get("model_type"))
        if self._kind not in KINDS:
            raise DataError(
                f"{self._name} is a model of type {self._kind!r}", f"one of {', '.join(KINDS)}"
            )
        self._tokenizer = load_tokenizer(self._folder, DataError)
        positions = config.get("max_position_embeddings") or 512
        if not isinstance(positions, int) or positions < 1:
            raise DataError(
                f"{self._folder}/config.json: max_position_embeddings {positions!r:.60}",
                "a whole number, at least 1",
            )
        self._longest = min(positions, int(self._tokenizer.model_max_length))
        self._targets = {
            code: target_language(self._tokenizer, code, settings.codes, self._name)
            for code in settings.to
        }
        self._model: Any = None

    def facts(self) -> dict[str, Any]:
        """The model's files, and the other software that reads the texts."""
        return translator_facts(self._published)

    def mark(self, text: str, start: int, end: int) -> str | None:
        """The text with square brackets around a piece; None if it already has brackets."""
        return put_marks(text, start, end, MARKS)

    def unmark(self, text: str) -> Piece | None:
        """The text and the piece in square brackets."""
        return take_marks(text.translate(_WIDE), MARKS)

    def translate(
        self, texts: Sequence[str], language: str, advance: Advance = lambda _: None
    ) -> list[str | None]:
        """The translation of each text; all settings of the search are fixed, without sampling.

        Raises:
            DataError: the weights cannot be loaded.
        """
        target = self._targets[language]
        cuts = [cut(text) for text in texts]
        distinct = list(dict.fromkeys(s for sentences, _ in cuts for s in sentences if s))
        translations: dict[str, str | None] = {"": ""}
        reported = 0
        for some in self._batches(distinct, target, translations):
            translations |= zip(some, self._generate(some, target), strict=True)
            done = len(texts) * (len(translations) - 1) // max(1, len(distinct))
            advance(done - reported)
            reported = done
        advance(len(texts) - reported)
        return [_joined([translations[s] for s in some], gaps, language) for some, gaps in cuts]

    def _batches(
        self, sentences: Sequence[str], target: TargetLanguage, translations: dict[str, str | None]
    ) -> Iterator[list[str]]:
        """Batches of sentences, the shortest first; too long ones get None immediately."""
        with quiet_transformers():
            ids = self._tokenizer([target.prefix + s for s in sentences])["input_ids"] or []
        lengths = {s: len(row) for s, row in zip(sentences, ids, strict=True)}
        translations |= {s: None for s, length in lengths.items() if length > self._longest}
        short = sorted(
            (s for s in sentences if s not in translations), key=lambda s: (lengths[s], s)
        )
        size = self._settings.batch_size
        yield from (short[start : start + size] for start in range(0, len(short), size))

    def _generate(self, sentences: Sequence[str], target: TargetLanguage) -> list[str | None]:
        model = self._loaded()
        batch = self._tokenizer(
            [target.prefix + s for s in sentences], return_tensors="pt", padding=True
        ).to(model.device)
        longest = batch["input_ids"].shape[1] * _MOST_TIMES_LONGER + _MORE_TOKENS
        room = min(longest, self._longest - 2)
        with torch.inference_mode(), quiet_transformers():
            output = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                num_beams=self._settings.beams,
                do_sample=False,
                max_new_tokens=room,
                forced_bos_token_id=target.first_token,
            )
        tokens = output[:, 1 if target.first_token is None else 2 :]  # after start and language
        texts = self._tokenizer.batch_decode(tokens, skip_special_tokens=True)
        ended = (tokens == self._tokenizer.eos_token_id).any(dim=1).tolist()
        return [text.strip() if end else None for text, end in zip(texts, ended, strict=True)]

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = self._load_model().eval().to(device())
        return self._model

    def _load_model(self) -> Any:
        model = load_model(self._folder, transformers.AutoModelForSeq2SeqLM, error=DataError)
        model.generation_config.forced_eos_token_id = None  # it would hide a translation cut short
        return model


def _joined(parts: Sequence[str | None], gaps: Sequence[str], code: str) -> str | None:
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    known = code.partition("-")[0].lower() in FAMILIES
    if known and language(code).script in _WITHOUT_SPACES:
        gaps = [gap if "\n" in gap else "" for gap in gaps]
    return "".join(p + gap for p, gap in zip(whole, [*gaps, ""], strict=True)).strip()
