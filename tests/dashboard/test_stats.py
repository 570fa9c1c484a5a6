"""Known values: Newcombe (1998) for Wilson, Garwood's table for Poisson limits, Student's yeast cells for dispersion."""

import pytest

from apps.dashboard.stats import Interval, Rate, count_quantile, dispersion, limits, poisson_interval, weighted_quantile, wilson


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="Newcombe 1998, table I, first"),
        pytest.param(15, 148, 0.0624, 0.1605, id="Newcombe 1998, table I, second"),
        pytest.param(0, 20, 0.0, 0.1611, id="Newcombe 1998, table I: none"),
        pytest.param(1, 29, 0.0061, 0.1718, id="Newcombe 1998, table I: one"),
        pytest.param(5, 10, 0.2366, 0.7634, id="half of ten"),
        pytest.param(20, 20, 0.8389, 1.0, id="all"),
    ],
)
def test_wilson_gives_the_published_limits(count, n, low, high):
    interval = wilson(count, n)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize(("count", "n"), [(1, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_what_is_no_share(count, n):
    with pytest.raises(ValueError, match="is not a share"):
        wilson(count, n)


def test_rate_of_nothing_has_no_share():
    assert (Rate(count=0, n=0).share, Rate(count=0, n=0).interval) == (None, None)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        pytest.param(0, 0.0, 3.689, id="none"),
        pytest.param(5, 1.623, 11.668, id="five"),
        pytest.param(10, 4.795, 18.390, id="ten"),
        pytest.param(100, 81.36, 121.63, id="a hundred"),
    ],
)
def test_poisson_limits_are_close_to_the_exact_ones(count, low, high):
    interval = poisson_interval(count)
    assert (interval.low, interval.high) == (pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.02))


@pytest.mark.parametrize(
    ("share", "mean", "expected"),
    [
        pytest.param(0.975, 1.0, 3, id="Poisson of 1: P(X ≤ 3) = 0.9810"),
        pytest.param(0.975, 5.0, 10, id="Poisson of 5: P(X ≤ 10) = 0.9863"),
        pytest.param(0.025, 5.0, 1, id="Poisson of 5: P(X ≤ 0) = 0.0067, P(X ≤ 1) = 0.0404"),
        pytest.param(0.5, 3.0, 3, id="Poisson of 3: P(X ≤ 2) = 0.4232"),
    ],
)
def test_poisson_quantiles_are_those_of_the_table(share, mean, expected):
    assert count_quantile(share, mean=mean, variance=mean) == expected


def test_wider_than_poisson_means_negative_binomial():
    # mean 2 and variance 4 is size 2, probability 1/2: P(X ≤ k) = 1 − (k + 3) / 2^(k + 2); 0.9648 at 6, 0.9805 at 7
    assert count_quantile(0.975, mean=2.0, variance=4.0) == 7


def test_student_yeast_cells_are_hardly_over_dispersed():
    # Student (1907), first sample: 400 squares, mean 0.6825, variance by n − 1 of 0.8137
    cells = [0] * 213 + [1] * 128 + [2] * 37 + [3] * 18 + [4] * 3 + [5]
    assert dispersion([cells]) == pytest.approx(1.192, abs=0.001)


def test_dispersion_is_never_under_one():
    assert dispersion([[3, 3, 3, 3]]) == dispersion([]) == dispersion([[0, 0]]) == 1.0


def test_limits_of_a_large_expectation_are_normal():
    interval = limits(100, variance=100 * (1 + 1 / 8))
    assert (interval.low, interval.high) == (pytest.approx(79.21, abs=0.01), pytest.approx(120.79, abs=0.01))


def test_limits_of_a_small_expectation_are_whole_counts():
    assert limits(1.0, variance=1.0) == Interval(low=0, high=3)


def test_median_counts_each_value_by_its_weight():
    assert weighted_quantile(0.5, [(9.0, 1), (1.0, 2), (5.0, 1)]) == 1.0
    assert weighted_quantile(0.5, []) is None
