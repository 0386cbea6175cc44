"""Holm's correction, verdicts and their sentences, shares of a gain."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from crosslift.errors import DataError
from crosslift.results.effect_parts import Attribution
from crosslift.results.verdict import HIGHER, INCONCLUSIVE, SHOWN, Outcome, Verdict
from crosslift.statistics import (
    ComparedScores,
    Controlled,
    Difference,
    GainNames,
    attribute,
    holm,
    holm_steps,
    judge,
    paired_difference,
    share_surviving,
)
from crosslift.statistics.attribution import CONTROL_FACTS, facts_of
from crosslift.statistics.clauses import zero_shot_words
from crosslift.statistics.gains import GainOutcomes
from crosslift.statistics.noise import Noise
from crosslift.tasks.controls import CONTROLS
from crosslift.wording import p_value, points, signed_points

COMPARISON = ComparedScores(
    arm="image",
    against="image-shuffled",
    target="names",
    metric="top1_accuracy",
    protocol="crosslift/xx->en",
)
DIFFERENCE = Difference(
    effect=0.031,
    low=0.012,
    high=0.050,
    level=0.95,
    p=0.003,
    seeds=2,
    items=400,
    languages=13,
    queries=5200,
    noise=Noise(2, 0.0, 0.0001, 1e6),
)
NAMES = GainNames("image", "image-shuffled", "baseline", "gettext")


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.01, 0.02, 0.03, 0.04]), [0.04, 0.06, 0.06, 0.06])
    assert holm([0.5, 0.9]).tolist() == [1.0, 1.0]
    assert holm([0.2]).tolist() == [0.2]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_monotone_capped_and_between_raw_and_bonferroni(raw: list[float]) -> None:
    corrected = holm(raw)
    order = np.argsort(raw, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1, np.array(raw) * len(raw))).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_holm_rejects_what_the_step_down_rule_rejects(raw: list[float], alpha: float) -> None:
    rejected = 0
    for step, value in enumerate(sorted(raw)):
        if value * (len(raw) - step) > alpha:
            break
        rejected += 1
    assert int((holm(raw) <= alpha).sum()) == rejected


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.5])
def test_holm_refuses_what_is_no_p(bad: float) -> None:
    with pytest.raises(DataError, match=f"p-value 1 is {bad}"):
        holm([0.5, bad])


def test_a_higher_arm_in_words() -> None:
    (verdict,) = judge([(COMPARISON, DIFFERENCE)])
    assert verdict.verdict == "higher"
    assert verdict.sentence == (
        "On names, `image` scored 3.1 points higher than `image-shuffled` in top-1 accuracy "
        "(protocol crosslift/xx->en; 95% interval 1.2 to 5.0; 400 items in 13 languages, "
        "5,200 queries, 2 seeds; Holm-corrected p = 0.003; equal budgets)."
    )


def test_a_lower_arm_in_words() -> None:
    lower = replace(DIFFERENCE, effect=-0.02, low=-0.04, high=-0.001)
    (verdict,) = judge([(replace(COMPARISON, metric="recall_at_5"), lower)])
    assert verdict.verdict == "lower"
    assert "scored 2.0 points lower than `image-shuffled` in recall at 5" in verdict.sentence
    assert "95% interval \u22124.0 to \u22120.1" in verdict.sentence


def test_no_difference_in_words() -> None:
    none = replace(DIFFERENCE, effect=0.004, low=-0.01, high=0.019, p=0.6, items=5200)
    asked = replace(COMPARISON, against="text", target="gettext", metric="mrr", subset="clean")
    (verdict,) = judge([(asked, none)])
    assert verdict.verdict == "inconclusive"
    assert verdict.sentence == (
        "On gettext (only items that overlap no training text), no difference between `image` and "
        "`text` in mean reciprocal rank was shown: +0.4 points (protocol crosslift/xx->en; "
        "95% interval \u22121.0 to 1.9; 5,200 queries in 13 languages, 2 seeds; "
        "Holm-corrected p = 0.600; a difference of 2.8 points would have been found in 80% of such "
        "runs; equal budgets)."
    )
    assert verdict.detectable == pytest.approx(0.028, abs=2e-4)
    assert (verdict.smallest_effect, verdict.p_equivalence) == (None, None)


def test_arms_that_answer_alike_in_words() -> None:
    same = np.ones((2, 300, 1))
    difference = paired_difference(same, same, np.zeros(300, int))
    (verdict,) = judge([(COMPARISON, difference)])
    assert verdict.nothing_changed
    assert verdict.verdict == INCONCLUSIVE and verdict.p_corrected == 1
    assert verdict.high == -verdict.low == pytest.approx(1 - 0.05 ** (1 / 300))
    assert "95% interval −1.0 to 1.0" in verdict.sentence
    assert "no answer changed: the interval is that of the rule of three" in verdict.sentence


def test_equivalence_in_words() -> None:
    """The interval at 90% reaches 1.645 of noise above 0.4 points: not to 2.1, but beyond 2.0."""
    none = replace(DIFFERENCE, effect=0.004, low=-0.016, high=0.024, p=0.69)
    (verdict,) = judge([(replace(COMPARISON, smallest_effect=0.021), none)])
    assert verdict.verdict == "equivalent"
    assert verdict.p_equivalence == pytest.approx(0.0446, abs=1e-4)  # 1.7 of noise from the margin
    assert verdict.sentence == (
        "On names, `image` and `image-shuffled` are equivalent within 2.1 points in top-1 accuracy: "
        "+0.4 points (protocol crosslift/xx->en; 95% interval \u22121.6 to 2.4; 400 items in 13 "
        "languages, 5,200 queries, 2 seeds; Holm-corrected p = 0.690; corrected p of equivalence = "
        "0.045; equal budgets)."
    )
    assert verdict.turned().verdict == "equivalent"
    (verdict,) = judge([(replace(COMPARISON, smallest_effect=0.02), none)])
    assert verdict.verdict == "inconclusive"
    assert verdict.p_equivalence == pytest.approx(0.0548, abs=1e-4)


def test_equivalences_are_corrected_among_themselves_and_a_shown_difference_is_none() -> None:
    none = replace(DIFFERENCE, effect=0.004, low=-0.016, high=0.024, p=0.69)
    margins = [0.021, 0.021, None, 0.5]
    differences = [none, none, none, DIFFERENCE]
    verdicts = judge(
        [
            (replace(COMPARISON, smallest_effect=margin), difference)
            for margin, difference in zip(margins, differences, strict=True)
        ]
    )
    assert [v.verdict for v in verdicts] == ["inconclusive"] * 3 + ["higher"]
    assert [v.p_equivalence for v in verdicts[:3]] == [
        pytest.approx(2 * 0.0446, abs=2e-4),
        pytest.approx(2 * 0.0446, abs=2e-4),
        None,
    ]
    assert verdicts[0].detectable == pytest.approx((2.4977 + 0.8416) * 0.01, abs=2e-4)  # of 4


def test_an_old_name_of_the_verdict_is_read() -> None:
    (verdict,) = judge([(COMPARISON, replace(DIFFERENCE, low=-0.001))])
    old = json.loads(verdict.model_dump_json()) | {"verdict": "no difference shown"}
    for name in ("smallest_effect", "p_equivalence", "detectable", "noise"):
        del old[name]
    assert Verdict.model_validate(old).verdict == "inconclusive"


def test_the_correction_decides() -> None:
    """p = 0.03 alone is a difference, one of three such it is not."""
    close = replace(DIFFERENCE, p=0.03)
    assert judge([(COMPARISON, close)])[0].verdict == "higher"
    for verdict in judge([(COMPARISON, close)] * 3):
        assert verdict.verdict == "inconclusive"
        assert verdict.p_corrected == pytest.approx(0.09)
        assert verdict.low > 0


def test_holms_levels_by_hand() -> None:
    assert holm_steps([0.01, 0.04, 0.03], 0.05) == pytest.approx([0.05 / 3, 0.025, 0.025])
    assert holm_steps([0.5, 0.9], 0.05) == pytest.approx([0.025, 0.025])
    assert holm_steps([0.001, 0.002], 0.05) == pytest.approx([0.025, 0.05])
    assert holm_steps([], 0.05) == []


def measured(effect: float, noise: Noise) -> Difference:
    """A difference whose interval and p follow from its noise."""
    reach = noise.half_width(0.95)
    return replace(
        DIFFERENCE,
        effect=effect,
        low=effect - reach,
        high=effect + reach,
        p=noise.p_value(effect),
        noise=noise,
    )


@given(
    st.lists(
        st.tuples(st.floats(-0.2, 0.2), st.floats(1e-4, 0.05), st.floats(0, 0.05)),
        min_size=1,
        max_size=8,
    ),
    st.integers(2, 5),
)
def test_no_corrected_interval_contradicts_its_verdict(
    effects: list[tuple[float, float, float]], seeds: int
) -> None:
    differences = [
        measured(effect, Noise(seeds, of_seeds**2, of_items**2, 400.0))
        for effect, of_seeds, of_items in effects
    ]
    for verdict in judge([(COMPARISON, difference) for difference in differences]):
        assert verdict.low_corrected is not None
        assert verdict.high_corrected is not None
        excludes = verdict.low_corrected > 0 or verdict.high_corrected < 0
        assert excludes == (verdict.verdict in SHOWN)
        assert -1 <= verdict.low_corrected <= verdict.low + 1e-12
        assert 1 >= verdict.high_corrected >= verdict.high - 1e-12


def test_no_interval_holds_an_impossible_difference() -> None:
    """Two seeds, of which the noise alone would allow differences of more than 100 points."""
    wild = measured(-0.4, Noise(2, 0.05**2, 0.0, 400.0))
    assert wild.low < -1
    (verdict,) = judge([(COMPARISON, wild)])
    assert (verdict.low, verdict.verdict) == (-1.0, INCONCLUSIVE)
    assert "95% interval \u2212100.0 to 23.5" in verdict.sentence
    wilder = measured(-0.4, Noise(2, 0.5**2, 0.0, 400.0))
    assert "no difference at all would have been found" in judge([(COMPARISON, wilder)])[0].sentence


def test_a_corrected_interval_in_words() -> None:
    noise = Noise(3, 0.0, 0.01**2, 1e6)
    verdicts = judge([(COMPARISON, measured(0.031, noise)), (COMPARISON, measured(0.01, noise))])

    assert "95% interval 1.1 to 5.1, corrected 0.9 to 5.3;" in verdicts[0].sentence
    assert "95% interval \u22121.0 to 3.0; 400 items" in verdicts[1].sentence


def test_families_are_corrected_apart_and_the_order_is_kept() -> None:
    ps = [0.03, 0.001, 0.04, 0.02]
    families = ["declared", "vs-baseline", "declared", "vs-baseline"]
    verdicts = judge(
        [
            (replace(COMPARISON, family=family, arm=f"arm{number}"), replace(DIFFERENCE, p=p))
            for number, (p, family) in enumerate(zip(ps, families, strict=True))
        ]
    )
    assert [verdict.arm for verdict in verdicts] == ["arm0", "arm1", "arm2", "arm3"]
    assert [v.p_corrected for v in verdicts] == pytest.approx([0.06, 0.002, 0.06, 0.02])


def test_an_interval_over_zero_is_no_difference_whatever_p() -> None:
    assert judge([(COMPARISON, replace(DIFFERENCE, low=-0.001))])[0].verdict == "inconclusive"
    assert judge([(COMPARISON, replace(DIFFERENCE, low=0.0))])[0].verdict == "inconclusive"


def test_p_of_exactly_alpha_is_no_difference() -> None:
    assert judge([(COMPARISON, replace(DIFFERENCE, p=0.05))])[0].verdict == "inconclusive"


def test_p_that_is_not_resolved() -> None:
    certain = replace(DIFFERENCE, p=1e-12)
    assert "Holm-corrected p < 0.000001;" in judge([(COMPARISON, certain)])[0].sentence


def test_unequal_budgets_and_untrained_arms_are_said() -> None:
    uneven = replace(COMPARISON, budget_equal=False, budget_note="120 against 80 updates")
    (verdict,) = judge([(uneven, DIFFERENCE)])
    assert verdict.sentence.endswith("; budgets differ: 120 against 80 updates).")
    single = replace(DIFFERENCE, seeds=1)
    (verdict,) = judge([(replace(uneven, budget_note="", trained=False), single)])
    assert verdict.verdict == "higher"  # nothing that a seed could change
    assert "no seed changes either arm" in verdict.sentence
    assert verdict.sentence.endswith("; budgets differ).")


def test_one_seed_of_a_trained_arm_gives_no_verdict() -> None:
    (verdict,) = judge([(COMPARISON, replace(DIFFERENCE, seeds=1, p=1e-9))])
    assert (verdict.verdict, verdict.p_corrected) == ("one seed", None)
    assert verdict.sentence == (
        "On names, for this seed alone, `image` differs from `image-shuffled` by +3.1 points in top-1 "
        "accuracy (protocol crosslift/xx->en; 95% interval 1.2 to 5.0; 400 items in 13 languages, "
        "5,200 queries, one seed, which gives no verdict: variation between seeds is not measured; "
        "equal budgets)."
    )


def test_one_seed_takes_no_part_in_the_correction_of_others() -> None:
    close = replace(DIFFERENCE, p=0.03)
    verdicts = judge([(COMPARISON, close), *[(COMPARISON, replace(close, seeds=1))] * 9])
    assert verdicts[0].verdict == "higher"
    assert verdicts[0].p_corrected == pytest.approx(0.03)


def test_another_level_raises() -> None:
    with pytest.raises(DataError, match=r"'image' against 'image-shuffled' on 'names' has a 0\.9"):
        judge([(COMPARISON, replace(DIFFERENCE, level=0.9))])


def test_the_json_holds_exactly_the_fields_of_the_file() -> None:
    (verdict,) = judge([(replace(COMPARISON, question="does it help?"), DIFFERENCE)])
    fields = json.loads(json.dumps(verdict.to_json()))
    names = (
        "arm against target protocol metric subset question family effect low high level "
        "low_corrected high_corrected p p_corrected smallest_effect p_equivalence detectable noise "
        "n_queries n_languages seeds verdict budget_equal budget_note sentence"
    )
    assert " ".join(fields) == names
    assert (fields["n_queries"], fields["n_languages"], fields["seeds"]) == (5200, 13, 2)
    assert (fields["effect"], fields["question"]) == (0.031, "does it help?")


def test_a_lower_rank_is_the_better_and_no_percentage() -> None:
    asked = replace(COMPARISON, metric="median_rank")
    ranks = replace(DIFFERENCE, effect=-2.5, low=-4.0, high=-1.25)
    (verdict,) = judge([(asked, ranks)])
    assert verdict.verdict == "lower"
    assert verdict.sentence.startswith(
        "On names, the median rank of `image` was 2.5 lower, which is better, than that of "
        "`image-shuffled` (protocol crosslift/xx->en; 95% interval \u22124.0 to \u22121.2;"
    )
    (verdict,) = judge([(asked, replace(ranks, effect=2.5, low=1.25, high=4.0))])
    assert "was 2.5 higher, which is worse, than" in verdict.sentence
    (verdict,) = judge([(asked, replace(ranks, effect=0.5, low=-1.0, high=2.0))])
    assert "in median rank was shown: +0.5 (" in verdict.sentence
    assert "points" not in verdict.sentence


def test_remarks_end_the_sentence() -> None:
    german = zero_shot_words(["en", "de"], captions=False)
    asked = replace(COMPARISON, remarks=(f"`image` is {german}",))
    (verdict,) = judge([(asked, DIFFERENCE)])
    assert verdict.sentence.endswith("; `image` is not zero-shot: labels in de).")
    assert zero_shot_words(["de", "fr"], captions=True) == "not zero-shot: captions in de, fr"
    assert zero_shot_words([], captions=False) == "not zero-shot: labels in other languages"


def test_judging_nothing_gives_nothing() -> None:
    assert judge([]) == []


def test_points_never_hide_a_difference_nor_show_minus_zero() -> None:
    assert [points(value) for value in (0.0312, -0.01, 0.0002, -0.00003, -1e-9, 0)] == [
        "3.1",
        "\u22121.0",
        "0.02",
        "\u22120.003",
        "0.0",
        "0.0",
    ]
    assert [signed_points(value) for value in (0.004, -0.004, 0)] == ["+0.4", "\u22120.4", "0.0"]


def test_p_is_shown_on_its_side_of_alpha() -> None:
    assert p_value(0.04996, alpha=0.05) == "= 0.049960"
    assert p_value(0.0004, alpha=0.05) == "= 0.0004"
    assert p_value(1.0, alpha=0.05) == "= 1"


def arms(gains: tuple[float, float], spread: float = 0.02) -> list[np.ndarray]:
    """Arm and control with exactly these gains; 3 seeds, 200 items, 2 languages."""
    random = np.random.default_rng(0)
    baseline = random.random((1, 200, 2))
    noise = random.normal(0, spread, (2, 3, 200, 2))
    noise -= noise.mean(axis=(1, 2, 3), keepdims=True)
    return [baseline + gains[0] + noise[0], baseline + gains[1] + noise[1], baseline]


def shared(gains: tuple[float, float], spread: float = 0.02):
    return share_surviving(*arms(gains, spread), np.zeros(200, int), NAMES)


def test_parts_add_up_to_the_whole() -> None:
    parts = shared((0.095, 0.09))
    assert parts.total.effect == pytest.approx(parts.content.effect + parts.other.effect)
    assert parts.share is not None
    assert parts.share.value == pytest.approx(parts.content.effect / parts.total.effect)
    assert parts.share.low < parts.share.value < parts.share.high


def test_the_interval_of_a_share_is_fiellers() -> None:
    """Two seeds that give the same, so that only items count: the quadratic's roots by hand."""
    random = np.random.default_rng(3)
    part, rest = random.normal(0.2, 0.5, 200), random.normal(0.3, 0.5, 200)
    arm, control = (np.stack([each, each])[:, :, None] for each in (part + rest, rest))
    share = share_surviving(arm, control, np.zeros((1, 200, 1)), np.zeros(200, int), NAMES).share
    assert share is not None
    (vp, cov), (_, vw) = np.cov(part, part + rest) / 200
    x, y, t2 = part.mean(), (part + rest).mean(), stdtrit(199, 0.975) ** 2
    roots = np.roots([y * y - t2 * vw, -2 * (x * y - t2 * cov), x * x - t2 * vp])
    assert [share.low, share.high] == pytest.approx(sorted(roots), rel=0.01)
    assert share.value == pytest.approx(x / y)


def test_a_control_that_equals_the_baseline_lets_the_gain_be_a_whole_share() -> None:
    arm, _, baseline = arms((0.3, 0.0))
    control = baseline + np.array([-0.01, 0.0, 0.01])[:, None, None]
    parts = share_surviving(arm, control, baseline, np.zeros(200, int), NAMES)
    assert parts.share is not None and parts.share.value == pytest.approx(1.0)


def test_a_control_that_changes_no_answer_leaves_the_share_open() -> None:
    """Without a scatter the share is not certain: the control may change 3 of 200 items."""
    arm, _, baseline = arms((0.3, 0.0))
    control = np.repeat(baseline, len(arm), axis=0)
    parts = share_surviving(arm, control, baseline, np.zeros(200, int), NAMES)
    assert parts.share is not None and parts.share.value == pytest.approx(1.0)
    reach = (1 - 0.05 ** (1 / 200)) / parts.total.effect
    assert parts.share.low == pytest.approx(1 - reach, abs=1e-6)
    assert parts.share.high == pytest.approx(1 + reach, abs=1e-6)


def test_a_gain_that_the_control_shares() -> None:
    parts = shared((0.095, 0.095), 0.2)
    assert parts.content.low < 0 < parts.content.high
    assert parts.sentence.startswith("Of the ")
    assert "points (95% interval" in parts.sentence
    assert "that `image` gained over `baseline` on gettext, " in parts.sentence
    assert parts.sentence.endswith(
        ": no part of the gain is shown to come from the pictures' content."
    )
    assert "survive against `image-shuffled`, a share of 0% (95% interval \u221261% to 37%)" in (
        parts.sentence
    )


def test_a_gain_that_survives_in_part() -> None:
    sentence = shared((0.095, 0.03)).sentence
    assert "6.5 (95% interval" in sentence
    assert "a share of 68% (95% interval 6" in sentence
    assert "that part is shown to come from the pictures' content." in sentence


def test_a_gain_whose_control_fell() -> None:
    parts = shared((0.03, -0.05))
    assert parts.share is None
    assert (
        "no share is given: `image-shuffled` is 5.0 points (95% interval \u22125." in parts.sentence
    )
    assert "below `baseline`, so that the arm's 8.0 (95% interval" in parts.sentence
    assert parts.sentence.endswith(
        "points above it are more than the whole gain; the pictures' content is shown to help."
    )


def test_a_gain_that_the_control_beats() -> None:
    sentence = shared((0.03, 0.08)).sentence
    assert "none survive against `image-shuffled`, which scores 5.0 points higher" in sentence


def test_no_gain_has_no_parts() -> None:
    parts = shared((0.0, -0.05))
    assert parts.share is None
    assert "`image` is not shown to gain over `baseline`" in parts.sentence
    assert "there is no gain to divide" in parts.sentence
    assert "its difference to `image-shuffled` is +5.0 points" in parts.sentence
    assert parts.sentence.endswith("the pictures' content is shown to help.")


def test_a_loss_has_no_parts() -> None:
    parts = shared((-0.04, -0.04), 0.05)
    assert parts.share is None
    assert "lost 4.0 points against `baseline`" in parts.sentence
    assert parts.sentence.endswith("the pictures' content is not shown to matter.")
    assert "is shown to cost." in shared((-0.08, -0.02)).sentence


def test_one_seed_divides_no_gain() -> None:
    arm, control, baseline = arms((0.095, 0.03))
    parts = share_surviving(arm[:1], control[:1], baseline, np.zeros(200, int), NAMES)
    assert parts.sentence.startswith("On gettext, for this seed alone, `image` differs from")
    assert parts.sentence.endswith(": one seed gives no verdict, so nothing is divided.")


def test_what_is_shown_of_a_gain_follows_the_corrected_verdicts() -> None:
    def sentence(*outcomes: Outcome, gains: tuple[float, float] = (0.095, 0.03)) -> str:
        corrected = GainOutcomes(*outcomes)
        strata = np.zeros(200, int)
        return share_surviving(*arms(gains), strata, NAMES, outcomes=corrected).sentence

    assert sentence(HIGHER, INCONCLUSIVE, HIGHER).endswith(
        ": no part of the gain is shown after correction to come from the pictures' content."
    )
    assert "that part is shown to come from" in sentence(HIGHER, HIGHER, HIGHER)
    none = sentence(INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE)
    assert "is not shown to gain over `baseline` after correction: +9.5 points" in none
    assert none.endswith("the pictures' content is not shown after correction to matter.")
    fell = sentence(HIGHER, HIGHER, INCONCLUSIVE, gains=(0.03, -0.05))
    assert "not shown, below `baseline`" in fell


def test_a_control_without_the_arms_seeds_raises() -> None:
    arm, control, baseline = arms((0.095, 0.03))
    with pytest.raises(DataError, match=r"`image-shuffled` \(1, 200, 2\)"):
        share_surviving(arm, control[:1], baseline, np.zeros(200, int), NAMES)


def verdict_of(
    arm: str, against: str, effect: float, half: float = 0.01, p: float = 1e-4
) -> Verdict:
    """A verdict on two arms on names."""
    difference = replace(DIFFERENCE, effect=effect, low=effect - half, high=effect + half, p=p)
    return judge([(replace(COMPARISON, arm=arm, against=against), difference)])[0]


def attributed(whole: float, **of_control: float) -> Attribution:
    """Of an effect of `image` on `raw`; each control's own effect on `raw`, named by its kind."""
    parts = [
        Controlled(
            kind.replace("_", "-"),
            verdict_of("image", kind, whole - effect),
            verdict_of(kind, "raw", effect),
        )
        for kind, effect in of_control.items()
    ]
    return attribute(verdict_of("image", "raw", whole), parts)


def test_every_control_of_a_study_has_facts() -> None:
    assert set(CONTROL_FACTS) == set(CONTROLS)
    assert facts_of(None, "image-small").source == "what `image-small` lacks"
    with pytest.raises(DataError, match="a control of the kind 'blurred'"):
        facts_of("blurred", "x")


def test_named_parts_follow_the_kind_and_add_up() -> None:
    found = attributed(0.08, shuffled_pictures=0.03, captions_only=0.02, same_updates_no_task=0.01)
    content, text, training = found.parts
    assert (content.named.arm, content.named.against) == ("image", "shuffled_pictures")
    assert content.named.effect == pytest.approx(0.05)
    assert (text.named.arm, text.named.against) == ("captions_only", "raw")
    assert (text.named.effect, text.rest.effect) == pytest.approx((0.02, 0.06))
    assert training.named.effect == pytest.approx(0.01)
    for part in found.parts:
        assert part.named.effect + part.rest.effect == pytest.approx(found.whole.effect)
    assert json.loads(json.dumps(found.to_json()))["parts"][0]["rest"]["against"] == "raw"


def test_an_attribution_in_words() -> None:
    told = attributed(0.08, shuffled_pictures=0.075, captions_only=0.02).sentence
    assert told == (
        "On names, `image` gained 8.0 points over `raw` (95% interval 7.0 to 9.0; 5,200 queries in "
        "13 languages). By source: picture content +0.5 points [\u22120.5, +1.5], not shown; text "
        "exposure +2.0 points [+1.0, +3.0]."
    )
    assert "`image` lost 8.0 points against `raw`" in attributed(-0.08, captions_only=0).sentence
    told = attributed(0.004, shuffled_pictures=0.0).sentence
    assert "`image` is not shown to differ from `raw`: +0.4 points" in told


def test_a_part_above_the_whole_is_no_part() -> None:
    """The control harms: the lead over it is not what the arm gained."""
    found = attributed(0.03, shuffled_pictures=-0.14)
    (content,) = found.parts
    assert not content.within_whole
    assert found.sentence.endswith(
        "By source: picture content +17.0 points [+16.0, +18.0], more than the whole and so no part "
        "of it, as `shuffled_pictures` is below `raw`: \u221214.0 points [\u221215.0, \u221213.0]."
    )
    assert attributed(0.03, shuffled_pictures=0.01).parts[0].within_whole
    lost = attributed(-0.03, shuffled_pictures=0.02)
    assert "no part of it, as `shuffled_pictures` is above `raw`: +2.0 points" in lost.sentence


def test_captions_that_beat_the_arm_are_said() -> None:
    told = attributed(0.03, captions_only=0.05).sentence
    assert told.endswith("Captions alone lift 2.0 points more than `image` does.")
    told = attributed(0.03, captions_only=0.034).sentence
    assert told.endswith("are 0.4 points above `image`, a difference that is not shown.")
    told = attributed(-0.05, captions_only=-0.02).sentence
    assert told.endswith("Captions alone leave it 3.0 points higher than `image` does.")
    assert "Captions alone" not in attributed(0.05, captions_only=0.03).sentence


def test_a_part_that_the_correction_takes_is_said() -> None:
    part = verdict_of("image", "control", 0.05, p=0.2)
    whole = verdict_of("image", "raw", 0.08)
    found = attribute(whole, [Controlled(None, part, verdict_of("control", "raw", 0.03))])
    assert found.parts[0].named.shown == "not shown after correction"
    assert "what `control` lacks +5.0 points [+4.0, +6.0], not shown after correction" in (
        found.sentence
    )


def test_parts_that_do_not_add_up_raise() -> None:
    whole = verdict_of("image", "raw", 0.08)
    pair = verdict_of("image", "control", 0.05), verdict_of("control", "raw", 0.04)
    with pytest.raises(DataError, match=r"two differences that add up to `image` against `raw`"):
        attribute(whole, [Controlled(None, *pair)])
    other = verdict_of("control", "other", 0.03)
    with pytest.raises(DataError, match="add up"):
        attribute(whole, [Controlled(None, pair[0], other)])
    with pytest.raises(DataError, match="no control of `image`"):
        attribute(whole, [])
