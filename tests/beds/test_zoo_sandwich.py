"""What lesson 05 measures around the sandwich, and its pictures."""

import numpy as np
import pytest
import torch

from course_utils.beds.zoo import pictures, sandwich
from course_utils.beds.zoo.models import answers, load_zoo
from course_utils.beds.zoo.strings import read, sample_strings
from course_utils.show import plots


@pytest.fixture(scope="module")
def zoo():
    return load_zoo()


@pytest.fixture(scope="module")
def few(zoo):
    return zoo[np.arange(0, 1000, 10)]


def strings(*texts):
    return np.array([read(text) for text in texts])


# ---------------------------------------------------------------- splits and scores


def test_no_split_reports_on_a_model_that_any_chose_or_trained_with():
    parts = [sandwich.split(seed) for seed in range(3)]
    for part in parts:
        assert [len(part.train), len(part.validation), len(part.test)] == [700, 100, 200]
        assert len(np.unique(np.concatenate([part.train, part.validation, part.test]))) == 1000
        assert np.array_equal(part.validation, parts[0].validation)
    assert not np.array_equal(parts[0].test, parts[1].test)


class Said(torch.nn.Module):
    """Stands for the models: each says its own number, plus the query."""

    def __init__(self, weights):
        super().__init__()
        self.own = weights["answer bias"]

    def forward(self, queries):
        return self.own[:, None] + queries


class Half(torch.nn.Module):
    """A back that would halve its scores in training mode."""

    def forward(self, answers):
        return answers.sum(dim=1) * (0.5 if self.training else 1.0)


def test_scores_are_means_over_draws_of_noise_without_dropout(zoo):
    models = np.array([7, 3, 500, 21, 22, 23, 24, 25, 26, 27, 28])
    run = sandwich.Sandwich(lambda z: z[:2], Half(), [])
    got = sandwich.scores(Said, run, zoo, models)
    own = zoo.weights["answer bias"][models]
    each = [(2 * own + z[:2].sum()).sigmoid() for z in sandwich.noise(4)]
    np.testing.assert_allclose(got, torch.stack(each).mean(dim=0).numpy(), rtol=1e-5)


def test_a_front_without_noise_is_asked_once(zoo):
    calls = []

    class Counted(Said):
        def forward(self, queries):
            calls.append(1)
            return super().forward(queries)

    run = sandwich.Sandwich(lambda z: torch.ones(2), Half(), [])
    got = sandwich.scores(Counted, run, zoo, np.arange(10))
    assert len(calls) == 10  # one a group
    np.testing.assert_allclose(got, (2 * zoo.weights["answer bias"][:10] + 2).sigmoid().numpy(), rtol=1e-6)


# ---------------------------------------------------------------- simpler readers


def test_a_reader_finds_what_is_there_and_nothing_where_nothing_is(zoo):
    rng = np.random.default_rng(0)
    told = zoo.generalizer[:, None] + rng.normal(0, 0.1, (1000, 1))
    assert sandwich.read_off(told, zoo, 0) > 0.99
    assert abs(sandwich.read_off(rng.normal(size=(1000, 2)), zoo, 0) - 0.5) < 0.12


def test_a_reader_never_sees_the_labels_it_reports_on(zoo):
    """A feature that gives the label away on the training models alone is worth nothing on the others."""
    features = np.random.default_rng(1).normal(size=(1000, 1))
    train = sandwich.split(0).train
    features[train, 0] += 5 * zoo.generalizer[train]
    assert sandwich.read_off(features, zoo, 0) < 0.65


def test_weight_statistics_are_those_of_each_tensor(few):
    found = sandwich.weight_statistics(few)
    assert found.shape == (100, 151)
    flat = few.weights["embedding"].numpy().reshape(100, -1)
    np.testing.assert_allclose(found[:, 0], flat.mean(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[:, 3], flat.min(axis=1))
    np.testing.assert_allclose(found[:, 9], flat.max(axis=1))
    np.testing.assert_allclose(found[:, -1], few.weights["answer bias"].numpy())


def test_cheats_find_nothing_but_a_little_of_a():
    by_sum, by_letter = sandwich.cheats(6, seed=9)
    assert abs(by_sum - 0.5) < 0.03 and 0.53 < by_letter < 0.6


# ---------------------------------------------------------------- what a front asks


def test_both_ways_counts_variables():
    assert sandwich.both_ways(strings("A b C", "A a B", "A a a", "d D A")).tolist() == [0, 1, 1, 1]
    assert sandwich.both_ways(strings("AaBbCcDd")).tolist() == [4]


def test_a_front_is_spelled_by_its_strongest_literals():
    asked = strings("A b C d", "d d A A")
    logits = torch.nn.functional.one_hot(torch.from_numpy(asked), 8).float()
    assert np.array_equal(
        sandwich.spelled(lambda z: logits.expand(len(z), -1, -1, -1), 2), np.tile(asked, (2, 1))
    )


def test_camps_are_parted_by_their_mean_answers(zoo):
    some, asked = zoo[np.arange(200)], strings("A b A b A b A b A b A b", "A a B b C c D d A a B b")
    said = answers(some.weights, asked).numpy()
    expected = np.abs(said[some.generalizer].mean(axis=0) - said[~some.generalizer].mean(axis=0))
    np.testing.assert_allclose(sandwich.parted(zoo, asked), expected, rtol=1e-5)


def test_right_at_the_usual_places_is_the_usual_accuracy(few):
    asked, truth = sample_strings(20, 8, np.random.default_rng(0))
    usual = np.mean((answers(few.weights, asked).numpy() > 0) == truth, axis=1)
    found = sandwich.right_at(few, asked, truth, torch.arange(8))
    np.testing.assert_allclose(found, usual, atol=0.051)  # one answer of 20, where a logit is nearly 0
    assert np.mean(found != usual) < 0.05 and np.ptp(usual) > 0.2


# ---------------------------------------------------------------- pictures


def described(picture):
    fig, description = picture
    plots.png(fig)  # draws
    return fig, description


def test_the_paradox_is_told_in_means_and_correlations():
    short, long = np.array([0.8, 0.96, 0.98, 1.0, 1.0]), np.array([0.85, 0.95, 0.99, 0.6, 0.7])
    fig, words = described(pictures.paradox(short, long, np.array([True, True, True, False, False])))
    assert "scattered 0.913 and 0.93; not scattered 1.000 and 0.65" in words
    assert words.endswith("over all -0.3, among the scattered 1.0.")
    assert "← 1 further left" in [text.get_text() for text in fig.axes[0].texts]


def test_histograms_say_what_they_show():
    _, words = described(pictures.accuracies(np.ones(10), np.repeat([0.5, 0.95], [7, 3])))
    assert "median is 1.00" in words and "30% of the models at 0.9" in words


def test_the_valley_lies_between_the_humps():
    middles = np.arange(0.71, 0.94, 0.02)
    assert pictures.valley(np.repeat(middles, [9, 8, 7, 6, 5, 4, 1, 2, 3, 4, 5, 6])) == pytest.approx(0.82)
    assert pictures.valley(np.repeat(middles, [9, 8, 7, 1, 5, 4, 6, 2, 3, 4, 5, 6])) == pytest.approx(0.76)


def test_losses_are_smoothed_without_a_step_lost():
    assert pictures.smoothed([np.arange(24.0)]).tolist() == [[2 * k + 0.5 for k in range(12)]]
    assert pictures.smoothed([[1.0, 2.0, 3.0]]).shape == (1, 3)


@pytest.mark.parametrize(("end", "words"), [(0.9, "stops above"), (0.1, "does not stop above")])
def test_the_picture_of_losses_says_which_ends_higher(end, words):
    _, said = described(pictures.losses([np.linspace(1, 0.5, 24)] * 2, [np.linspace(1, end, 24)] * 2))
    assert words in said


def test_readers_are_drawn_and_told_in_the_given_order():
    table = {"good": [0.9, 0.92], "poor": [0.5, 0.6], "fair": [0.7, 0.8]}
    fig, words = described(pictures.readers(table, {"good": "trainable"}, "Title"))
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["fair", "poor", "good"]
    assert words.endswith("good 0.91; poor 0.55; fair 0.75.")


def test_asked_queries_are_a_dot_each():
    fig, words = described(pictures.asked(np.array([0, 1, 4]), np.array([5.0, 0.3, 0.2])))
    assert len(fig.axes[0].collections[0].get_offsets()) == 3 and words.startswith("3 spelled")


def test_every_model_is_asked_the_typed_string(zoo):
    name = pictures.named(zoo)[0]
    _, words = described(pictures.ask(zoo)("A b a", name))
    said = answers(zoo.weights, strings("A b a")).numpy()[int(name.split()[0]), 0]
    assert "contradicts itself" in words and f"says {'contradiction' if said > 0 else 'satisfiable'}" in words
    assert "is satisfiable" in described(pictures.ask(zoo)("A b", name))[1]


@pytest.mark.parametrize(("string", "sides"), [("A b", "← rightwrong →"), ("A b a", "← wrongright →")])
def test_the_picture_of_answers_marks_which_are_wrong(zoo, string, sides):
    fig, _ = described(pictures.ask(zoo)(string, pictures.named(zoo)[0]))
    ax, false = fig.axes[0], sides.startswith("← wrong")
    right, wrong = (ax.lines[n].get_xdata() for n in (0, 1))
    assert np.all((right > 0) == false) and np.all((wrong > 0) != false) and len(right) + len(wrong) == 1000
    assert "".join(text.get_text() for text in ax.texts) == sides
