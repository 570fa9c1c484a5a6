import pytest

from apps.windows.calendar.addresses import calendar_address, plain_address, spellings


@pytest.mark.parametrize(
    ("address", "written"),
    [
        pytest.param("cem@example.org", "mailto:cem@example.org", id="as it is"),
        pytest.param("Cem.O'Hara+ops@example.org", "mailto:Cem.O'Hara+ops@example.org", id="signs that may stay"),
        pytest.param("a&b%c@example.org", "mailto:a%26b%25c@example.org", id="signs that mean something on the web"),
        pytest.param("émile@exämple.org", "mailto:%C3%A9mile@xn--exmple-cua.org", id="other letters"),
    ],
)
def test_an_address_becomes_one_that_calendars_read(address, written):
    assert calendar_address(address) == written
    assert address.lower() in spellings(plain_address(written))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("MAILTO:Cem@Example.org", "cem@example.org"),
        ("mailto:cem@example.org?subject=x", "cem@example.org"),
        (" cem@example.org ", "cem@example.org"),
        ("/aMTIz/principal/", ""),
        ("urn:uuid:1", ""),
        ("mailto:@example.org", ""),
        ("", ""),
    ],
)
def test_whatever_calendars_write_is_read(text, address):
    assert plain_address(text) == address


def test_a_domain_too_odd_for_name_servers_is_kept():
    assert plain_address(calendar_address("a@x..org")) == "a@x..org"
    assert spellings("a@xn--\xff.org") == {"a@xn--\xff.org"}
