"""The pages of the trail, and two people at one form."""

import csv
import io
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from apps.accounts.models import AuditEvent, User
from apps.accounts.services import record
from apps.campaigns.models import Playbook
from apps.windows.models import Service
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_planner,
    make_playbook,
    make_service,
    make_step,
    make_touchpoint,
)

pytestmark = pytest.mark.django_db

SEEN = re.compile(r'name="_seen" value="(\w+)"')
OPENED = re.compile(r'name="_opened_at" value="([^"]+)"')


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ana():
    return make_planner(username="ana", first_name="Ana")


@pytest.fixture
def ben():
    return make_planner(username="ben", first_name="Ben")


def page_of(row, page="change"):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{page}/"


def opened(client, row):
    """What the form holds of what its reader has seen."""
    text = client.get(page_of(row)).content.decode()
    return {"_seen": SEEN.search(text)[1], "_opened_at": OPENED.search(text)[1]}


def fields(service, **changes):
    return {"name": service.name, "slug": service.slug, "description": service.description} | changes


# what is kept


def test_a_save_keeps_before_and_after_of_each_field(ana):
    shop = make_service("Shop")
    signed_in(ana).post(page_of(shop), fields(shop, description="Basket and payment"))
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.subject_id) == ("service.changed", ana, str(shop.pk))
    assert event.detail["changes"] == {"description": ["", "Basket and payment"]}


def test_what_a_service_said_is_completed_not_repeated(ana):
    shop = make_service("Shop")
    signed_in(ana).post(page_of(shop), fields(shop, name="Checkout", description="Basket"))
    event = AuditEvent.objects.get()
    assert event.verb == "service.renamed"
    assert event.detail["changes"] == {"name": ["Shop", "Checkout"], "description": ["", "Basket"]}


def test_a_save_that_changes_nothing_leaves_no_trace(ana):
    shop = make_service("Shop")
    signed_in(ana).post(page_of(shop), fields(shop))
    assert not AuditEvent.objects.exists()


def test_rows_of_a_table_and_many_to_many_are_kept_too(ana, ben):
    client = signed_in(ana)
    answer = client.post("/admin/auth/group/add/", {"name": "Night shift"})
    assert answer.status_code == 302
    client.post(page_of(ben), user_fields(ben, groups=[ben.groups.model.objects.get(name="Night shift").pk]))
    added, changed = AuditEvent.objects.order_by("pk")
    assert (added.verb, added.detail["changes"]["name"]) == ("group.added", [None, "Night shift"])
    assert changed.detail["changes"]["groups"][1][0]["name"] == "Night shift"


def user_fields(user, **changes):
    return {"username": user.username, "language": "en", "time_zone": "UTC", "is_active": "on", "is_staff": "on"} | changes


def test_a_step_taken_from_a_playbook_is_named(ana):
    step = playbook_with_a_step()
    signed_in(ana).post(page_of(step.playbook), playbook_fields(step, **{"steps-0-DELETE": "on"}))
    (row,) = AuditEvent.objects.get(verb="playbook.changed").detail["rows"]
    assert (row["deed"], row["name"]) == ("removed", "announce")


def playbook_with_a_step():
    return make_step(make_playbook(name="Standard"), key="announce")


def playbook_fields(step, **changes):
    playbook, row = step.playbook, "steps-0-"
    form = {"name": playbook.name, "slug": playbook.slug, "description": ""}
    table = {"steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 1, row + "id": step.pk, row + "playbook": playbook.pk}
    cells = {"position": 0, "key": step.key, "anchor": step.anchor, "when": "0", "segment": step.segment_id}
    more = {"channel": step.channel_id, "content_key": step.content_key, "urgency": "routine", "useful_for": "6 h"}
    values = cells | more | {"when_late": "collapse"}
    return form | table | {row + name: value for name, value in values.items()} | changes


def test_a_new_password_is_on_record_and_nobody_reads_it(ana, ben):
    url = f"/admin/accounts/user/{ben.pk}/password/"
    new = {"password1": "correct-horse-battery", "password2": "correct-horse-battery", "usable_password": "true"}
    assert signed_in(ana).post(url, new).status_code == 302
    assert AuditEvent.objects.get().detail["changes"] == {"password": []}


def test_django_keeps_no_second_log(ana):
    shop = make_service("Shop")
    signed_in(ana).post(page_of(shop), fields(shop, description="Basket"))
    assert not LogEntry.objects.exists()


def test_a_refused_form_leaves_no_trace(ana):
    shop = make_service("Shop")
    signed_in(ana).post(page_of(shop), fields(shop, name=""))
    assert not AuditEvent.objects.exists()


# how it is read


def test_the_history_says_who_when_and_what(ana):
    ana.time_zone = "Europe/Paris"
    ana.save()
    shop, client = make_service("Shop"), signed_in(ana)
    client.post(page_of(shop), fields(shop, description="Basket"))
    text = client.get(page_of(shop, "history")).content.decode()
    assert "Ana changed “Shop”." in text
    assert "(Paris time, UTC+" in text
    assert re.search(r"Description.*before:.*–.*after:.*Basket", text, re.DOTALL)


def test_the_form_shows_the_latest_changes(ana):
    shop, client = make_service("Shop"), signed_in(ana)
    client.post(page_of(shop), fields(shop, description="Basket"))
    assert "Ana changed “Shop”." in client.get(page_of(shop)).content.decode()


def test_what_was_written_is_shown_never_run(ana):
    shop, client = make_service("Shop"), signed_in(ana)
    client.post(page_of(shop), fields(shop, description="<script>alert(1)</script>"))
    assert "<script>alert" not in client.get(page_of(shop, "history")).content.decode()


def test_a_history_without_events_names_the_way_back(ana):
    assert "Nothing is on record yet" in signed_in(ana).get(page_of(make_service(), "history")).content.decode()


def test_who_may_not_see_the_object_may_not_see_its_history(ana):
    stranger = make_planner(username="cem", is_superuser=False)
    assert signed_in(stranger).get(page_of(make_service(), "history")).status_code == 403


def test_the_history_of_a_window_tells_of_its_campaign_and_its_touchpoints(ana):
    touchpoint = make_touchpoint(campaign=make_campaign(), channel=make_channel())
    record("campaign.paused", subject=touchpoint.campaign, actor=ana, now=NOW)
    record("touchpoint.resumed", subject=touchpoint, actor=ana, now=NOW, choice="skip")
    text = signed_in(ana).get(page_of(touchpoint.campaign.window, "history")).content.decode()
    assert "Ana paused the sending of “Database upgrade”." in text
    assert "Ana resumed the touchpoint" in text
    assert "skipped" in text


# the whole trail


def test_the_trail_is_filtered_by_person_kind_and_day(ana, ben):
    shop = make_service("Shop")
    record("service.renamed", subject=shop, actor=ana, now=NOW)
    record("service.renamed", subject=shop, actor=ben, now=NOW.replace(day=9))
    record("channel.tested", subject=make_channel(name="Post"), actor=ben, now=NOW.replace(day=9))
    client = signed_in(ana)

    def found(**wanted):
        return [
            row.verb + row.actor.first_name for row in client.get("/admin/accounts/auditevent/", wanted).context["cl"].result_list
        ]

    assert found(actor=ana.pk) == ["service.renamedAna"]
    assert found(kind="channels.channel") == ["channel.testedBen"]
    assert found(at_from="2026-03-03") == ["channel.testedBen", "service.renamedBen"]
    assert found(at_to="2026-03-02") == ["service.renamedAna"]
    assert len(found(at_from="nonsense", actor="1' OR 1", kind="")) == 3


def test_the_trail_is_taken_along_as_it_is_filtered(ana, ben):
    shop = make_service("=SUM(1)")
    record("service.renamed", subject=shop, actor=ana, now=NOW, changes={"name": ["+1", "=SUM(1)"]})
    record("service.renamed", subject=shop, actor=ben, now=NOW)
    answer = signed_in(ana).get("/admin/accounts/auditevent/trail.csv", {"actor": ana.pk})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    _heads, row = csv.reader(io.StringIO(text))
    assert (row[0], row[1], row[4]) == ("2026-03-02T09:00:00+00:00", "Ana", "'=SUM(1)")


def test_only_who_may_read_the_trail_takes_it_along():
    stranger = make_planner(username="cem", is_superuser=False)
    assert signed_in(stranger).get("/admin/accounts/auditevent/trail.csv").status_code == 403


# two people at one form


def test_nothing_is_overwritten_unasked(ana, ben):
    shop = make_service("Shop")
    mine, theirs = signed_in(ana), signed_in(ben)
    seen = opened(mine, shop)
    theirs.post(page_of(shop), fields(shop, description="Ben's words") | opened(theirs, shop))
    answer = mine.post(page_of(shop), fields(shop, description="Ana's words") | seen)
    shop.refresh_from_db()
    text = answer.content.decode()
    assert (answer.status_code, shop.description) == (200, "Ben's words")
    assert "Ben saved it since you opened this page" in text
    assert re.search(r"Description</th><td class=\"value\">Ben&#x27;s words</td><td class=\"value\">Ana&#x27;s words", text)


def test_one_can_keep_ones_own_on_purpose(ana, ben):
    shop = make_service("Shop")
    mine, theirs = signed_in(ana), signed_in(ben)
    seen = opened(mine, shop)
    theirs.post(page_of(shop), fields(shop, description="Ben's words"))
    refused = mine.post(page_of(shop), fields(shop, description="Ana's words") | seen).content.decode()
    mine.post(page_of(shop), fields(shop, description="Ana's words", _seen=SEEN.search(refused)[1]))
    shop.refresh_from_db()
    assert shop.description == "Ana's words"


def test_a_third_one_is_a_conflict_again(ana, ben):
    shop = make_service("Shop")
    mine, theirs = signed_in(ana), signed_in(ben)
    seen = opened(mine, shop)
    theirs.post(page_of(shop), fields(shop, description="Ben's words"))
    refused = mine.post(page_of(shop), fields(shop, description="Ana's words") | seen).content.decode()
    theirs.post(page_of(shop), fields(shop, description="Ben's second thoughts"))
    mine.post(page_of(shop), fields(shop, description="Ana's words", _seen=SEEN.search(refused)[1]))
    shop.refresh_from_db()
    assert shop.description == "Ben's second thoughts"


def test_steps_that_somebody_changed_meanwhile_are_a_conflict(ana, ben):
    step = playbook_with_a_step()
    client = signed_in(ana)
    seen = opened(client, step.playbook)
    type(step).objects.update(content_key="moved")
    answer = client.post(page_of(step.playbook), playbook_fields(step) | seen)
    step.refresh_from_db()
    assert (answer.status_code, step.content_key) == (200, "moved")
    assert "announce: Content" in answer.content.decode()


def test_what_only_a_machine_noted_is_no_conflict(ana):
    shop, client = make_service("Shop"), signed_in(ana)
    seen = opened(client, shop)
    Service.objects.filter(pk=shop.pk).update(archived_at=NOW)
    assert client.post(page_of(shop), fields(shop, description="Mine") | seen).status_code == 302


def test_a_form_that_is_opened_again_after_a_slip_still_knows_what_was_seen(ana, ben):
    shop = make_service("Shop")
    mine = signed_in(ana)
    slip = mine.post(page_of(shop), fields(shop, name="") | opened(mine, shop)).content.decode()
    seen = {"_seen": SEEN.search(slip)[1]}
    signed_in(ben).post(page_of(shop), fields(shop, description="Ben's words"))
    assert mine.post(page_of(shop), fields(shop) | seen).status_code == 200


def test_a_forged_mark_is_a_conflict_and_no_error(ana):
    shop = make_service("Shop")
    answer = signed_in(ana).post(page_of(shop), fields(shop) | {"_seen": "x" * 9000, "_opened_at": "0000-99-99T99:99:99Z"})
    assert answer.status_code == 200
    assert "nothing from what is saved now" in answer.content.decode()


def test_people_are_switched_off_not_deleted(ana, ben):
    client = signed_in(ana)
    assert client.post(page_of(ben, "delete"), {"post": "yes"}).status_code == 403
    assert "People are not deleted" in client.get(page_of(ben)).content.decode()
    assert User.objects.filter(pk=ben.pk).exists()


def test_a_group_that_somebody_belongs_to_stays(ana, ben):
    group = ben.groups.create(name="Night shift")
    client = signed_in(ana)
    assert client.post(page_of(group, "delete"), {"post": "yes"}).status_code == 403
    ben.groups.clear()
    assert client.post(page_of(group, "delete"), {"post": "yes"}).status_code == 302
    assert AuditEvent.objects.get(verb="group.deleted").detail["name"] == "Night shift"


def test_playbooks_can_still_be_added(ana):
    form = {"name": "Short", "slug": "short", "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0}
    assert signed_in(ana).post("/admin/campaigns/playbook/add/", form).status_code == 302
    assert AuditEvent.objects.get().verb == "playbook.added"
    assert Playbook.objects.get().name == "Short"
