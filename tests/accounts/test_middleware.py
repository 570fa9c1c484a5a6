import pytest
from django.urls import reverse
from django.utils import timezone, translation

from apps.accounts.middleware import ReaderMiddleware
from tests.factories import make_planner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        pytest.param({"language": "fr", "time_zone": "Asia/Tokyo"}, ("fr", "Asia/Tokyo"), id="own"),
        pytest.param({"time_zone": "Gone/Zone"}, ("en", "UTC"), id="lost-zone-is-utc"),
    ],
)
def test_a_signed_in_person_reads_in_their_language_and_zone(rf, fields, seen):
    request = rf.get("/")
    request.user = make_planner(**fields)
    with translation.override("en"):
        read = ReaderMiddleware(lambda request: (translation.get_language(), timezone.get_current_timezone_name()))
        assert read(request) == seen
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_admin_speaks_the_readers_language(client):
    client.force_login(make_planner(language="fr"))
    with translation.override("en"):  # puts back what the request has activated
        page = client.get(reverse("admin:index")).content.decode()
    assert '<html lang="fr"' in page
