import json
from datetime import timedelta

import pytest

from apps.common.standard_webhooks import new_secret, sign
from apps.delivery.models import DeliveryState
from apps.tracking import services
from apps.tracking.models import Ticket, TicketLink, WebhookReceipt
from apps.tracking.tickets import BadTicket, TicketFacts, parse_ticket
from tests.factories import DAY, HOUR, NOW, make_campaign, make_contact, make_delivery, make_planner, make_touchpoint, make_window
from tests.tracking.factories import make_sent_delivery, make_ticket_source

pytestmark = pytest.mark.django_db

SECRET = new_secret()
TICKET = {
    "id": 4711,
    "opened_at": "2026-03-02T10:30:00+01:00",
    "subject": "Cannot log in",
    "requester_email": "Cem@Example.org",
    "organisation": "Acme",
    "status": "open",
    "tags": ["login"],
}


@pytest.fixture(autouse=True)
def at_now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def desk():
    return make_ticket_source(secrets=[SECRET])


def call(client, desk, ticket=TICKET, *, secret=SECRET, call_id="msg_1", at=NOW, body=None):
    body = json.dumps(ticket).encode() if body is None else body
    headers = sign(secret, message_id=call_id, at=at, body=body)
    return client.post(f"/hooks/tickets/{desk.path}", data=body, content_type="application/json", headers=headers)


def test_ticket_is_recorded_without_its_requesters_address(client, desk):
    response = call(client, desk)
    assert (response.status_code, response.json()) == (200, {"status": "recorded"})
    ticket = Ticket.objects.get()
    assert (ticket.external_id, ticket.opened_at, ticket.status, ticket.tags) == ("4711", NOW + HOUR / 2, "open", ["login"])
    assert ticket.requester_hash == services.requester_hash("cem@example.org")
    assert "cem" not in ticket.requester_hash
    desk.refresh_from_db()
    assert desk.last_seen_at == NOW


def test_same_call_again_does_nothing(client, desk):
    call(client, desk)
    response = call(client, desk, TICKET | {"status": "closed"})
    assert response.json() == {"status": "repeated"}
    assert Ticket.objects.get().status == "open"


def test_later_call_updates_the_same_ticket(client, desk):
    call(client, desk)
    later = {"id": 4711, "opened_at": "2026-03-05T00:00:00Z", "status": "closed"}
    assert call(client, desk, later, call_id="msg_2").json() == {"status": "updated"}
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.subject, ticket.opened_at) == ("closed", "Cannot log in", NOW + HOUR / 2)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"secret": new_secret()}, id="another secret"),
        pytest.param({"at": NOW - timedelta(minutes=6)}, id="an old call"),
        pytest.param({"at": NOW + timedelta(minutes=6)}, id="a call from the future"),
    ],
)
def test_bad_signature_is_refused_without_detail(client, desk, wrong):
    response = call(client, desk, **wrong)
    assert (response.status_code, response.json()) == (401, {"error": "The signature is not valid."})
    assert not Ticket.objects.exists()


def test_unsigned_call_is_refused(client, desk):
    response = client.post(f"/hooks/tickets/{desk.path}", data=json.dumps(TICKET), content_type="application/json")
    assert response.status_code == 401


def test_source_without_a_secret_accepts_nobody(client):
    assert call(client, make_ticket_source(sealed_secrets="")).status_code == 401


def test_source_whose_secret_cannot_be_read_accepts_nobody(client):
    assert call(client, make_ticket_source(sealed_secrets="gAAAA-broken")).status_code == 401


def test_both_secrets_are_valid_during_a_rotation(client, desk):
    new = services.rotate_secret(desk, actor=None, now=NOW)
    assert call(client, desk, secret=SECRET, call_id="a").status_code == 200
    assert call(client, desk, secret=new, call_id="b").status_code == 200
    services.retire_old_secrets(desk, actor=None, now=NOW)
    assert call(client, desk, secret=SECRET, call_id="c").status_code == 401
    assert call(client, desk, secret=new, call_id="d").status_code == 200


def test_third_secret_ends_the_first(desk):
    for _ in range(2):
        services.rotate_secret(desk, actor=make_planner(), now=NOW)
    desk.refresh_from_db()
    assert len(services.secrets_of(desk)) == 2
    assert SECRET not in services.secrets_of(desk)
    assert SECRET not in desk.sealed_secrets


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        pytest.param(b"id=1", 400, "The body is not JSON.", id="no JSON"),
        pytest.param(b"\xff\xfe", 400, "The body is not JSON.", id="no text"),
        pytest.param(b"[" * 100_000, 400, "The body is not JSON.", id="too deep"),
        pytest.param(b"[1]", 400, "The body is not a JSON object.", id="a list"),
        pytest.param(b"x" * 1_000_001, 413, "The body may have 1,000,000 bytes at most.", id="too long"),
    ],
)
def test_unfit_body_is_refused_with_the_reason(client, desk, body, status, error):
    response = call(client, desk, body=body)
    assert (response.status_code, response.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", True),
        ("id", "x" * 101),
        ("opened_at", None),
        ("opened_at", "yesterday"),
        ("opened_at", "2026-03-02"),
        ("opened_at", "2026-03-02T10:00:00"),
        ("opened_at", 1772443800),
        ("opened_at", "9999-12-31T23:59:59Z"),
        ("opened_at", "0001-01-01T00:00:00+14:00"),
        ("subject", ["a"]),
        ("requester_email", "not an address"),
        ("organisation", "x" * 121),
        ("status", {"id": 2}),
        ("tags", "login"),
        ("tags", [1]),
        ("campaign", "no such window"),
        ("campaign", "99999999999999999999999"),
        ("campaign", 0),
    ],
)
def test_unfit_field_is_named_with_what_was_expected(client, desk, field, value):
    response = call(client, desk, TICKET | {field: value})
    assert response.status_code == 422
    (problem,) = response.json()["fields"]
    assert problem["field"] == field
    assert problem["expected"]
    assert not Ticket.objects.exists()
    assert not WebhookReceipt.objects.exists()  # the corrected call may carry the same id


def test_every_problem_is_named_at_once():
    with pytest.raises(BadTicket) as caught:
        parse_ticket({"tags": 1})
    assert [problem.field for problem in caught.value.problems] == ["id", "opened_at", "tags"]


def test_strange_text_is_made_fit_to_keep():
    facts = parse_ticket(TICKET | {"subject": "a\x00b\r\nc" + "x" * 300})
    assert facts.subject.startswith("ab c")
    assert len(facts.subject) == 200


def test_unknown_path_and_other_methods_are_told_so(client, desk):
    assert client.post("/hooks/tickets/nowhere", data=b"{}", content_type="application/json").status_code == 404
    response = client.get(f"/hooks/tickets/{desk.path}")
    assert (response.status_code, response["Allow"]) == (405, "POST")


def told(email="cem@example.org", **window):
    campaign = make_campaign(window=make_window(**({"starts_at": NOW} | window)))
    touchpoint = make_touchpoint(campaign=campaign)
    return make_sent_delivery(touchpoint=touchpoint, contact=make_contact(email=email))


def ticket(**facts):
    defaults = {"external_id": "1", "opened_at": NOW, "requester_email": "cem@example.org"}
    return services.record_ticket(make_ticket_source(), TicketFacts(**(defaults | facts)))[0]


def test_ticket_is_tied_to_the_campaign_it_names():
    delivery = told()
    campaign = delivery.touchpoint.campaign
    for names in (
        {"campaign": str(campaign.window.uid)},
        {"campaign": str(campaign.pk)},
        {"tags": ("x", f"maint:{campaign.window.uid}")},
    ):
        tied = ticket(**names, opened_at=NOW + 90 * DAY)
        assert (tied.campaign, tied.delivery, tied.link_kind) == (campaign, delivery, TicketLink.EXPLICIT)


def test_unknown_tag_ties_to_nothing():
    assert ticket(tags=("maint:x", "maint:00000000-0000-0000-0000-000000000000")).link_kind == TicketLink.NONE


@pytest.mark.parametrize(
    ("opened_at", "kind"),
    [
        pytest.param(NOW - 25 * HOUR, TicketLink.NONE, id="long before"),
        pytest.param(NOW - 24 * HOUR, TicketLink.CANDIDATE, id="the day before"),
        pytest.param(NOW + 2 * HOUR, TicketLink.CANDIDATE, id="during"),
        pytest.param(NOW + 28 * HOUR, TicketLink.CANDIDATE, id="the day after the end"),
        pytest.param(NOW + 29 * HOUR, TicketLink.NONE, id="long after"),
    ],
)
def test_ticket_of_a_recipient_around_the_window_is_a_candidate(opened_at, kind):
    delivery = told(email="Cem@Example.org")
    tied = ticket(opened_at=opened_at)
    assert tied.link_kind == kind
    assert tied.delivery == (delivery if kind else None)


def test_actual_times_count_where_they_are_known():
    told(status="completed", actual_started_at=NOW, actual_ended_at=NOW + 30 * HOUR)
    assert ticket(opened_at=NOW + 50 * HOUR).link_kind == TicketLink.CANDIDATE


def test_overrun_goes_on_until_somebody_confirms_the_end():
    told(status="in_progress", actual_started_at=NOW)
    assert ticket(opened_at=NOW + 50 * HOUR).link_kind == TicketLink.CANDIDATE


def test_somebody_who_was_not_told_is_no_candidate():
    told()
    touchpoint = make_touchpoint(campaign=make_campaign(window=make_window(starts_at=NOW)))
    make_delivery(
        touchpoint=touchpoint, contact=make_contact(email="ben@example.org"), state=DeliveryState.SUPPRESSED, reason="x"
    )
    assert ticket(requester_email="ben@example.org").link_kind == TicketLink.NONE
    assert ticket(requester_email="").link_kind == TicketLink.NONE


def test_tie_grows_stronger_and_never_weaker():
    source, first, other = make_ticket_source(), told(), told(email="ben@example.org")
    facts = {"external_id": "1", "opened_at": NOW, "requester_email": "cem@example.org"}

    def again(**more):
        return services.record_ticket(source, TicketFacts(**(facts | more)))[0]

    assert again().campaign == first.touchpoint.campaign
    assert again(campaign=str(other.touchpoint.campaign.pk)).campaign == other.touchpoint.campaign
    assert again().campaign == other.touchpoint.campaign


def test_persons_word_on_a_tie_stays():
    delivery, source = told(), make_ticket_source()
    facts = TicketFacts(external_id="1", opened_at=NOW, requester_email="cem@example.org")
    row, _ = services.record_ticket(source, facts)
    services.tie_ticket(row, campaign_id=None, actor=make_planner(), now=NOW)
    row, _ = services.record_ticket(source, facts)
    assert (row.campaign, row.link_kind) == (None, TicketLink.MANUAL)
    assert delivery.touchpoint.campaign.tickets.count() == 0
