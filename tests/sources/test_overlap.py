from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.overlap import find_overlaps, rules, sets
from crosslift.sources.overlap.compared_forms import Wording, normalise, spaced, wording_of
from crosslift.sources.overlap.find_overlaps import find_overlap
from crosslift.sources.overlap.sets import GRAM, gram_sets, sharing, word_sets

Found = tuple[str, int, float]


def grams(text: str) -> set[str]:
    return {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}


def near(train: Wording, test: Wording, threshold: float) -> float:
    """The similarity of two texts if they are near, by the words of `find_overlap`; else 0."""
    if min(len(train.letters), len(test.letters)) < 6:
        return 0.0
    scores = [0.0]
    common, union = (
        len(grams(train.letters) & grams(test.letters)),
        len(grams(train.letters) | grams(test.letters)),
    )
    if common / union >= threshold:
        scores.append(common / union)
    longer = max(len(train.words), len(test.words))
    shared = (Counter(train.words) & Counter(test.words)).total() / longer
    if test.size >= 4 and shared >= 0.75:
        scores.append(shared)
    edits = Levenshtein.distance(train.letters, test.letters)
    longer = max(len(train.letters), len(test.letters))
    if test.size >= 2 and longer <= 32 and common and edits * 6 <= longer:
        scores.append(1 - edits / longer)
    return max(scores)


def part(train: Wording, test: Wording) -> float:
    """The share of a test text that is in a training text, if one is a part of the other; else 0."""
    ours, theirs = len(test.letters), len(train.letters)
    if ours < theirs and test.letters in train.letters:
        return float(ours >= 6 and (test.size >= 5 or ours >= 20))
    if theirs < ours and train.letters in test.letters:
        share = theirs / ours
        return share if test.size >= 2 and theirs >= 6 and share >= 0.6 else 0.0
    return 0.0


def brute_force(train: list[str], test: list[str], threshold: float) -> list[Found]:
    known = [normalise(text) for text in train]
    wordings = [wording_of(spaced(text)) for text in train]
    rows: list[Found] = []
    for text in test:
        if normalise(text) in known:
            rows.append(("exact", known.index(normalise(text)), 1.0))
            continue
        mine = wording_of(spaced(text))
        scores = {
            "near": [near(other, mine, threshold) for other in wordings],
            "part": [part(other, mine) for other in wordings],
        }
        best = {kind: max(similarities, default=0.0) for kind, similarities in scores.items()}
        kind = next((kind for kind in scores if best[kind]), None)
        index = scores[kind].index(best[kind]) if kind else -1
        rows.append((kind, index, best[kind]) if kind else ("none", -1, 0.0))
    return rows


def as_rows(train: list[str], test: list[str], threshold: float) -> list[Found]:
    overlap = find_overlap(train, test, threshold=threshold)
    columns = (overlap.kind, overlap.train_index, overlap.similarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def kinds(train: list[str], test: list[str]) -> list[str]:
    return find_overlap(train, test).kind.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "helloworld"),
        ("Ｈｅｌｌｏ\u00a0“world”…", "helloworld"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("a\u200bb", "ab"),
        ("!? ", "!?"),
        ("", ""),
        ("5 € + 1", "5€+1"),
        ("İ", "i̇"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_kinds_on_typed_texts() -> None:
    train = ["A man plays the guitar.", "Two dogs run.", "no", "a man plays the guitar"]
    test = ["a MAN plays the guitar", "A man plays the guitars.", "No!", "yes", "Two cats sleep."]
    overlap = find_overlap(train, test)
    assert overlap.kind.tolist() == ["exact", "near", "exact", "none", "none"]
    assert overlap.train_index.tolist() == [0, 0, 2, -1, -1]
    # "amanplaystheguitar" has 18 letters; one more is one edit of 19.
    assert overlap.similarity.tolist() == [1.0, 1 - 1 / 19, 1.0, 0.0, 0.0]
    assert (overlap.count("exact"), overlap.count("near"), overlap.count("none")) == (2, 1, 2)


@pytest.mark.parametrize(
    ("text", "letters", "words", "size"),
    [
        ("Crème brûlée!", "cremebrulee", ("creme", "brulee"), 2),
        ("किताब कहाँ है?", "कतबकहह", ("कतब", "कह", "ह"), 3),
        ("كِتَابٌ أَحْمَر", "كتاباحمر", ("كتاب", "احمر"), 2),
        ("我喜欢 tea。", "我喜欢tea", ("我", "喜", "欢", "tea"), 2.5),
        ("ねこが", "ねこか", ("ねこ", "こか"), 1.5),
        ("น้ำเย็น", "นาเยน", ("นา", "าเ", "เย", "ยน"), 5 / 3),
        ("한국어 책", "한국어책", ("한국어", "책"), 2),
        ("\u0301", "\u0301", ("\u0301",), 1),
        ("", "", (), 0),
    ],
)
def test_wording(text: str, letters: str, words: tuple[str, ...], size: float) -> None:
    overlap = wording_of(spaced(text))
    assert (overlap.letters, overlap.words) == (letters, words)
    assert overlap.size == pytest.approx(size)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("The old dog sleeps", "The old cat sleeps"),
        ("Der alte Hund schläft", "Der alte Ochse schläft"),
        ("الكلب الكبير ينام هنا", "الكلب الصغير ينام هنا"),
        ("बूढ़ा कुत्ता यहाँ सोता", "बूढ़ा आदमी यहाँ सोता"),
        ("她在图书馆看报", "她在图书馆看书"),
        ("sleeps here the old dog", "the old dog sleeps here"),
    ],
)
def test_one_changed_word_of_four_and_another_order_are_near(train: str, test: str) -> None:
    assert kinds([train], [test]) == ["near"]


def test_one_changed_word_of_three_is_not() -> None:
    assert kinds(["The dog sleeps"], ["The elephant sleeps"]) == ["none"]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Good mornimg", "Good morning"),
        ("Guten Morgem", "Guten Morgen"),
        ("صباح الخبر", "صباح الخير"),
        ("สวัสดีตอนเช้ก", "สวัสดีตอนเช้า"),
        ("Good mrning", "Good morning"),
    ],
)
def test_one_changed_letter_of_two_words_is_near(train: str, test: str) -> None:
    assert kinds([train], [test]) == ["near"]


def test_single_words_are_near_by_their_runs_of_letters_alone() -> None:
    train = ["cunning", "butter", "absence"]
    assert kinds(train, ["running", "butterfly", "absences"]) == ["none", "none", "near"]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Gruner Tee schmeckt", "Grüner Tee schmeckt"),
        ("كتاب احمر", "كِتَابٌ أَحْمَر"),
        ("สวสดตอนเชา", "สวัสดีตอนเช้า"),
        ("यह कतब मर ह", "यह किताब मेरी है"),
        ("Tôi thích ca phe", "Tôi thích cà phê"),
    ],
)
def test_dropped_marks_are_near_and_wholly_alike(train: str, test: str) -> None:
    overlap = find_overlap([train], [test])
    assert (overlap.kind.tolist(), overlap.similarity.tolist()) == (["near"], [1.0])


def test_a_text_inside_a_longer_one_is_a_part_from_five_words_on() -> None:
    longer = "He said so. We went to the lake! Then it rained all day and all night."
    assert kinds([longer], ["We went to the lake.", "We went to it", "to the lake"]) == [
        *("part", "none", "none")
    ]
    assert kinds(
        ["昨天下雨了。我们去了一个很大的公园。后来回家看电视。"], ["我们去了一个很大的公园"]
    ) == ["part"]
    overlap = find_overlap([longer], ["We went to the lake."])
    assert overlap.similarity.tolist() == [1.0]


def test_the_beginning_of_a_text_is_a_part_by_its_share_of_letters() -> None:
    test = "We went to the lake yesterday morning"  # 31 letters
    overlap = find_overlap(["We went to", "We went to the lake yest", "Wewent"], [test])
    assert (overlap.kind.tolist(), overlap.train_index.tolist()) == (["part"], [1])
    assert overlap.similarity.tolist() == [19 / 31]
    assert kinds(["We went to the lake"], [test]) == ["none"]  # 15 of 31


def test_near_comes_before_part_and_exact_before_both() -> None:
    test = "the old dog sleeps here today"
    longer = test + " and then it eats all of the food that it finds"
    overlap = find_overlap([longer, "the old cat sleeps here today", test.upper()], [test])
    assert (overlap.kind.tolist(), overlap.train_index.tolist()) == (["exact"], [2])
    overlap = find_overlap([longer, "the old cat sleeps here today"], [test])
    assert (overlap.kind.tolist(), overlap.train_index.tolist()) == (["near"], [1])
    assert kinds([longer], [test]) == ["part"]


def test_the_most_similar_wins_and_the_first_of_equals() -> None:
    train = ["abcdefghijkX", "abcdefghijkl", "abcdefghijkl!", "abcdefghijkY"]
    overlap = find_overlap(train, ["abcdefghijklm", "abcdefghijk"], threshold=0.5)
    assert overlap.train_index.tolist() == [1, 0]
    assert overlap.similarity.tolist() == [9 / 10, 8 / 9]


def test_threshold_is_inclusive() -> None:
    train, test = ["abcdefgh"], ["abcdefghi"]  # 5 of 6 grams
    assert find_overlap(train, test, threshold=5 / 6).kind.tolist() == ["near"]
    assert find_overlap(train, test, threshold=5 / 6 + 1e-6).kind.tolist() == ["none"]


def test_texts_of_few_letters_are_exact_only() -> None:
    overlap = find_overlap(["abc", "abd", "ça va"], ["ABC", "ab", "abcd", "ca va"], threshold=0.1)
    assert overlap.kind.tolist() == ["exact", "none", "none", "none"]


@pytest.mark.parametrize(("train", "test"), [([], ["a b c d"]), (["a b c d"], []), ([], [])])
def test_empty_sides(train: list[str], test: list[str]) -> None:
    overlap = find_overlap(train, test)
    assert overlap.kind.tolist() == ["none"] * len(test)
    assert overlap.train_index.tolist() == [-1] * len(test)


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1, float("nan")])
def test_threshold_out_of_range_raises(threshold: float) -> None:
    with pytest.raises(DataError, match=str(threshold)):
        find_overlap(["a"], ["b"], threshold=threshold)


def test_unknown_kind_raises() -> None:
    with pytest.raises(UnknownNameError, match="'exakt'"):
        find_overlap(["a"], ["b"]).count("exakt")  # type: ignore[arg-type]


words = st.lists(
    st.sampled_from(["ab", "aba", "bcab", "é", "ß", "日本", "に", "ไทยดี", "!", "x y", "की"]),
    max_size=9,
)
texts = st.lists(words.map(" ".join), max_size=12)


@settings(max_examples=300, deadline=None)
@given(texts, texts, st.sampled_from([0.1, 0.3, 0.5, 2 / 3, 0.7, 0.8, 0.9, 1.0]))
def test_equals_brute_force(train: list[str], test: list[str], threshold: float) -> None:
    assert as_rows(train, test, threshold) == brute_force(train, test, threshold)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=8), st.lists(st.text(max_size=12), max_size=8))
def test_equals_brute_force_on_any_characters(train: list[str], test: list[str]) -> None:
    assert as_rows(train, test, 0.4) == brute_force(train, test, 0.4)


def made_texts(seed: int, count: int) -> list[str]:
    generator = random.Random(seed)
    vocabulary = [
        "".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=generator.randint(2, 9)))
        for _ in range(4_000)
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    return [
        " ".join(generator.choices(vocabulary, weights, k=generator.randint(2, 12)))
        for _ in range(count)
    ]


def damaged(texts: list[str]) -> list[str]:
    """Each text with a word or some letters changed, cut, or put into a longer one, in turn."""
    generator = random.Random(0)
    results = []
    for number, text in enumerate(texts):
        words = text.split()
        place = generator.randrange(len(text))
        changed = generator.randrange(len(words))
        ways = (
            " ".join([*words[:changed], "quux", *words[changed + 1 :]]),
            text[:place] + "é" + text[place + 1 :],
            text[: len(text) * 2 // 3],
            f"{texts[number - 1]} {text} {texts[number - 2]}",
        )
        results.append(ways[number % len(ways)])
    return results


@pytest.mark.parametrize("texts_at_once", [7, 100_000])
@pytest.mark.parametrize("at_once", [50, 100_000])
def test_damaged_texts_equal_brute_force_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch, at_once: int, texts_at_once: int
) -> None:
    test = made_texts(0, 240)
    train = [*made_texts(1, 60), *damaged(test)]
    expected = brute_force(train, test, 0.6)
    monkeypatch.setattr(sets, "_AT_ONCE", at_once)
    monkeypatch.setattr(find_overlaps, "TEXTS_AT_ONCE", texts_at_once)
    assert as_rows(train, test, 0.6) == expected
    counts = Counter(kind for kind, _, _ in expected)
    assert counts["near"] > 90
    assert counts["part"] > 40


@given(st.text(st.characters(max_codepoint=127)))
def test_texts_of_ascii_are_spaced_as_others_are(text: str) -> None:
    assert spaced(f"a{text}é") == spaced(f"a{text}") + "é"


def test_sets_go_from_the_rarest_to_the_commonest_and_count_repeated_words() -> None:
    overlap = word_sets([("a", "a", "b"), ("a",), ("c", "a")]).members
    # Columns: b, c and the second a once each, the first a three times.
    assert overlap.sum(axis=0).A1.tolist() == [1, 1, 1, 3]
    assert overlap.sum(axis=1).A1.tolist() == [3, 1, 2]
    assert gram_sets(["abcde", "bcde", "abc"]).sizes.tolist() == [2, 1, 0]


@pytest.mark.parametrize("alphabet", [4, 300, 20_000])
def test_members_that_no_test_text_has_are_counted_and_left_out(alphabet: int) -> None:
    """With every size of alphabet: runs of four letters get exact numbers."""
    draw = random.Random(alphabet)
    letters = [chr(0x4E00 + number) for number in range(alphabet)]
    texts = ["".join(draw.choices(letters, k=draw.randrange(40))) for _ in range(300)]
    texts[200:] = [text[:20] + "ab" + text[5:] for text in texts[:100]]
    runs = [{text[i : i + GRAM] for i in range(len(text) - GRAM + 1)} for text in texts]
    tested = set().union(*runs[200:])
    sets = gram_sets(texts, 200)
    assert sets.sizes.tolist() == [len(each) for each in runs]
    assert sets.absent.tolist() == [len(each - tested) for each in runs]
    shared = (sets.members[:200] @ sets.members[200:].T).toarray()
    assert shared.tolist() == [[len(one & two) for two in runs[200:]] for one in runs[:200]]


def test_words_that_no_test_text_has_are_counted_and_left_out() -> None:
    sets = word_sets([("a", "a", "x"), ("b", "a", "a", "a"), ("a", "b", "a")], 2)
    assert sets.sizes.tolist() == [3, 4, 3]
    assert sets.absent.tolist() == [1, 1, 0]
    assert (sets.members @ sets.members.T).toarray()[2].tolist() == [2, 3, 3]


def test_only_pairs_that_share_a_member_are_compared() -> None:
    both = gram_sets(["abcdef", "uvwxyz", "cdefgh"]).members
    (pairs,) = sharing(both[2:], both[:2])
    assert (pairs.rows.tolist(), pairs.columns.tolist()) == ([0], [0])


@pytest.mark.parametrize("name", ["near_in_grams", "near_in_words", "near_in_letters"])
def test_every_rule_finds_what_no_other_does(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from crosslift.sources.overlap import find_overlaps

    pair = {
        "near_in_grams": ("absence", "absences"),
        "near_in_words": ("the old dog sleeps", "the old elephant sleeps"),
        "near_in_letters": ("good mornimg", "good morning"),
    }[name]
    assert kinds([pair[0]], [pair[1]]) == ["near"]
    monkeypatch.setattr(find_overlaps, name, lambda *_: iter(()))
    assert kinds([pair[0]], [pair[1]]) == ["none"]
    assert hasattr(rules, name)
