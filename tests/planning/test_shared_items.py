"""Items that two targets have in common."""

from __future__ import annotations

from crosslift.planning.load_target import load_target
from crosslift.planning.shared_items import count_shared
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.target_settings import TargetSettings


def bitexts(**pairs: list[tuple[str, str]]) -> BitextData:
    """Language -> pairs of its text and the English one."""
    data = {
        code: Bitext(
            code,
            tuple(src for src, _ in texts),
            tuple(tgt for _, tgt in texts),
            tuple(map(str, range(len(texts)))),
        )
        for code, texts in pairs.items()
    }
    return BitextData(bitexts=data)


GERMAN = [("Der Hund bellt.", "The dog barks."), ("Hotel", "hotel"), ("Er singt.", "He sings.")]


def test_a_pair_is_the_same_without_case_spaces_and_punctuation() -> None:
    other = bitexts(de=[("der  hund bellt", "THE DOG BARKS!"), ("Er geht.", "He sings.")])
    assert count_shared(bitexts(de=GERMAN), other) == 1


def test_languages_that_share_their_english_side_share_nothing() -> None:
    french = [("Le chien aboie.", "The dog barks."), ("Il chante.", "He sings.")]
    assert count_shared(bitexts(de=GERMAN), bitexts(fr=french)) == 0


def test_a_word_of_two_languages_is_no_item_in_common() -> None:
    dutch = [("De hond blaft.", "The dog barks."), ("hotel", "Hotel"), ("Hij zingt.", "He sings.")]
    assert count_shared(bitexts(de=GERMAN), bitexts(nl=dutch)) == 0


def test_a_language_under_another_name_is_found() -> None:
    assert count_shared(bitexts(de=GERMAN), bitexts(nds=[*GERMAN[1:], ("Ja.", "Yes.")])) == 2


def test_sides_in_the_other_order_are_found() -> None:
    turned = [(english, german) for german, english in GERMAN]
    assert count_shared(bitexts(de=GERMAN), bitexts(en=turned)) == 3


def test_a_target_of_another_kind_shares_the_texts_of_a_language() -> None:
    names = load_target(TargetSettings(name="names", languages=("de",))).data
    german, arabic = (
        load_target(TargetSettings(name="pictures", languages=(code,))).data
        for code in ("de", "ar")
    )
    assert count_shared(names, german) > 0
    assert count_shared(names, arabic) == 0
