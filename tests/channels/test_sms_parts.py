import pytest

from apps.channels.sms_parts import Alphabet, measure


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "parts", "forced_by"),
    [
        pytest.param("", "GSM-7", 0, 1, "", id="empty"),
        pytest.param("a" * 160, "GSM-7", 160, 1, "", id="one full part"),
        pytest.param("a" * 161, "GSM-7", 161, 2, "", id="one too many"),
        pytest.param("a" * 306, "GSM-7", 306, 2, "", id="two full parts"),
        pytest.param("a" * 307, "GSM-7", 307, 3, "", id="three"),
        pytest.param("€" * 80, "GSM-7", 160, 1, "", id="the euro takes two places"),
        pytest.param("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3, "", id="the euro is not torn in two"),
        pytest.param("Arrêt à 02:00", "UCS-2", 13, 1, "ê", id="ê is beyond, à is not"),
        pytest.param("é" * 160, "GSM-7", 160, 1, "", id="é is within"),
        pytest.param("’" * 70, "UCS-2", 70, 1, "’", id="one full part of UCS-2"),
        pytest.param("’" * 71, "UCS-2", 71, 2, "’", id="one too many of UCS-2"),
        pytest.param("’" * 134, "UCS-2", 134, 2, "’", id="two full parts of UCS-2"),
        pytest.param("🎉" * 35, "UCS-2", 70, 1, "🎉", id="an emoji takes two places"),
        pytest.param("🎉" * 67, "UCS-2", 134, 3, "🎉", id="an emoji is not torn in two"),
    ],
)
def test_parts(text, alphabet, places, parts, forced_by):
    size = measure(text)
    assert (size.alphabet, size.places, size.parts, size.forced_by) == (Alphabet(alphabet), places, parts, forced_by)
