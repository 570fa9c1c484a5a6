import pytest

from apps.delivery.gists import LONGEST, gist


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("550 5.1.1 <cem@example.org>: no such user", "550 5.1.1 <…>: no such user", id="address"),
        pytest.param("450 4.7.1 try later cem.y@mail.example.org", "450 4.7.1 try later <…>", id="address without brackets"),
        pytest.param("451 queued as k3J9x2mQ81, greylisted", "451 queued as …, greylisted", id="queue name"),
        pytest.param("To number +33 6 12 34 56 78 is unreachable", "To number … is unreachable", id="phone number"),
        pytest.param("See https://help.example.org/e/81723 for more", "See … for more", id="web address"),
        pytest.param("550 Mailbox unavailable", "550 Mailbox unavailable", id="nothing of one message alone"),
        pytest.param("  421   too\nmany  ", "421 too many", id="spaces"),
        pytest.param("", "", id="nothing said"),
    ],
)
def test_gist_is_what_alike_answers_have_in_common(text, expected):
    assert gist(text) == expected


def test_gist_fits_its_column():
    assert len(gist("word " * 200)) == LONGEST
