import pytest

from apps.common.rates import rate_words


@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (14.0, "14/s"),
        (2.5, "2.5/s"),
        (0.5, "30/min"),
        (1 / 60, "1/min"),
        (0.001, "3.6/h"),
        (0.0001, "0.36/h"),
    ],
)
def test_a_rate_is_read_in_the_first_unit_in_which_it_is_at_least_one(per_second, words):
    assert rate_words(per_second) == words
