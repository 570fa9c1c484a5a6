"""What planners are shown is counted in one look; it has to be what sending would choose, person by person."""

from itertools import product

import pytest

from apps.audiences.models import AddressKind, Contact, Suppression, SuppressionReason
from apps.campaigns import headcount
from apps.campaigns.headcount import count_heads
from apps.campaigns.reach import reaches
from apps.campaigns.recipients import addressed
from apps.channels.models import ChannelKind
from tests.factories import make_channel, make_contact, make_segment

pytestmark = pytest.mark.django_db

PERSONAL = (ChannelKind.EMAIL, ChannelKind.SMS, ChannelKind.MEMORY)
COLLEAGUES = {"field": "is_internal", "op": "is", "value": True}
FRENCH = {"field": "language", "op": "is", "value": "fr"}


def make_people():
    """Of every sort: language, colleague or customer, with either address or both; some stopped, for a segment or for all."""
    everybody, colleagues = make_segment(), make_segment(COLLEAGUES)
    sorts = product(("en", "fr"), (True, False), ("email", "phone", "both"), (None, *SuppressionReason), (None, colleagues))
    for number, (language, is_internal, has, reason, segment) in enumerate(sorts):
        email = f"p{number}@example.org" if has != "phone" else ""
        phone = f"+3312345{number:04}" if has != "email" else ""
        make_contact(language=language, is_internal=is_internal, email=email, phone=phone)
        if reason:
            kind, address = (AddressKind.PHONE, phone) if phone and number % 2 else (AddressKind.EMAIL, email or phone)
            Suppression.objects.create(kind=kind, address=address, reason=reason, segment=segment)
    make_contact(archived_at=Contact.objects.first().created_at)
    return everybody, colleagues


def reached(segment, kind, *, is_mandatory):
    people = addressed(segment.contacts(), kind=kind, segment_id=segment.pk, is_mandatory=is_mandatory)
    return set(people.filter(reason="").values_list("pk", flat=True))


@pytest.mark.parametrize("is_mandatory", [False, True], ids=["notice", "mandatory"])
@pytest.mark.parametrize("kind", PERSONAL)
def test_as_many_are_counted_as_would_be_written_to(kind, is_mandatory):
    segments, channel = make_people(), make_channel(kind)
    found = reaches((segment, channel) for segment in segments)
    counted = [found[segment.pk, channel.pk].recipients(is_mandatory=is_mandatory) for segment in segments]
    assert counted == [len(reached(segment, kind, is_mandatory=is_mandatory)) for segment in segments]
    assert all(counted)


@pytest.mark.parametrize("kind", PERSONAL)
def test_whoever_belongs_to_two_segments_is_told_once(kind):
    everybody, colleagues = make_people()
    heads = count_heads((segment, make_channel(kind)) for segment in (everybody, colleagues))
    told = heads.told([(everybody.pk, False), (colleagues.pk, True)], kind=kind)
    assert told == len(reached(everybody, kind, is_mandatory=False) | reached(colleagues, kind, is_mandatory=True))


def test_people_are_looked_for_among_neighbours_and_nobody_else_is():
    colleagues, french = make_segment(COLLEAGUES), make_segment(FRENCH)
    make_contact(is_internal=True, language="fr")
    make_contact(is_internal=True)
    make_contact(language="fr")
    heads = count_heads([(colleagues, make_channel(ChannelKind.EMAIL))], beside=[french, colleagues])
    assert {group.segments: group.people for group in heads.groups} == {
        frozenset({colleagues.pk, french.pk}): 1,
        frozenset({colleagues.pk}): 1,
    }


def test_neighbour_whose_rule_is_broken_is_passed_over():
    everybody, broken = make_segment(), make_segment({"field": "nonsense"})
    make_contact()
    heads = count_heads([(everybody, make_channel(ChannelKind.EMAIL))], beside=[broken])
    assert [group.segments for group in heads.groups] == [{everybody.pk}]


def test_zones_are_told_apart_where_a_phone_would_ring():
    everybody = make_segment()
    for zone in ("Asia/Tokyo", "Europe/Paris", "Asia/Tokyo"):
        make_contact(time_zone=zone)
    zones = {
        kind: sorted({(group.time_zone, group.people) for group in count_heads([(everybody, make_channel(kind))]).groups})
        for kind in (ChannelKind.SMS, ChannelKind.EMAIL)
    }
    assert zones == {ChannelKind.SMS: [("Asia/Tokyo", 2), ("Europe/Paris", 1)], ChannelKind.EMAIL: [("", 3)]}


def test_more_segments_than_one_number_holds_are_counted_alike(monkeypatch):
    segments, channel = make_people(), make_channel(ChannelKind.MEMORY)
    beside = [make_segment(rule) for rule in (FRENCH, COLLEAGUES, {"all": []})]

    def counted():
        heads = count_heads([(segment, channel) for segment in segments], beside=beside)
        return {
            (group.language, group.segments, group.addresses, *sorted(group.stops.items(), key=str)) for group in heads.groups
        }

    in_one = counted()
    monkeypatch.setattr(headcount, "BITS", 2)
    monkeypatch.setattr(headcount, "SCOPES", 1)
    assert counted() == in_one


def test_it_is_one_query_however_many_ask(django_assert_num_queries):
    segments = make_people()
    channels = [make_channel(kind) for kind in (*PERSONAL, ChannelKind.CHAT)]
    columns = [*product(segments, channels[:3]), (None, channels[3])]
    with django_assert_num_queries(1):
        reaches(columns)


def test_places_alone_ask_for_nobody(django_assert_num_queries):
    place = make_channel(ChannelKind.CHAT)
    with django_assert_num_queries(0):
        assert count_heads([(None, place)]).groups == ()
