import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.windows.models import Service
from tests.factories import NOW, make_planner, make_service, make_window

pytestmark = pytest.mark.django_db
LIST = "admin:windows_service_changelist"


@pytest.fixture
def ana(client):
    ana = make_planner(username="ana")
    client.force_login(ana)
    return ana


def test_services_are_archived_and_brought_back_never_deleted(client, ana):
    shop = make_service("Shop")
    client.post(reverse(LIST), {"action": "archive", "_selected_action": [shop.pk]})
    assert not Service.objects.active().exists()
    page = client.get(reverse(LIST)).content.decode()
    assert ">Shop<" not in page
    assert "delete_selected" not in page
    client.post(reverse(LIST, query={"archived": "yes"}), {"action": "restore", "_selected_action": [shop.pk]})
    assert Service.objects.active().exists()
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == ["service.archived", "service.restored"]
    assert client.get(reverse("admin:windows_service_delete", args=(shop.pk,))).status_code == 403


def test_archived_services_are_not_offered(client, ana):
    make_service("Shop")
    make_service("Shop of old", archived_at=NOW)
    query = {"app_label": "windows", "model_name": "maintenancewindow", "field_name": "services", "term": "shop"}
    names = [row["text"] for row in client.get(reverse("admin:autocomplete", query=query)).json()["results"]]
    assert names == ["Shop"]


def test_the_service_list_takes_the_same_number_of_queries_however_long(client, ana, django_assert_num_queries):
    make_window()
    client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(LIST))
    for _ in range(10):
        make_window()
    with django_assert_num_queries(len(few)):
        client.get(reverse(LIST))
