from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.granting import grant_after_migrating
from apps.accounts.models import Role, User
from apps.accounts.roles import APPROVE, APPS, ROLES
from apps.accounts.services import record
from apps.audiences.models import Suppression
from apps.channels.models import ChannelKind
from apps.publishing.services import create_feed
from apps.tracking.models import TicketSource
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_contact,
    make_delivery,
    make_planner,
    make_playbook,
    make_segment,
    make_step,
    make_template,
    make_touchpoint,
)

from .pages import Page, pages
from .people import client_of, make_member

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
ON_THE_SIDE = ("django_session", "last_login")
MINE = ("admin:accounts_user_preferences", "delivery:alarm_way")  # one's own language, zone and alarms
# What an approver may do beside looking.
APPROVING = ("admin:windows_maintenancewindow_approval",)
# Looked at by everybody, changed by administrators.
MACHINERY = ("channels_channel", "tracking_ticketsource")
FORGED = {"name": "x", "reason": "x", "post": "yes", "seen": "", "subject": "x", "_save": "1", "rule": "{}", "slug": "x"}


def make_one_of_each() -> dict[str, Any]:
    """An object for the pages that need one, by the label of its model."""
    playbook, channel, segment = make_playbook(), make_channel(ChannelKind.EMAIL), make_segment()
    step = make_step(playbook, channel=channel, segment=segment)
    campaign = make_campaign(playbook=playbook)
    touchpoint = make_touchpoint(campaign=campaign, channel=channel, segment=segment)
    rows = [
        *(playbook, channel, segment, step, campaign, campaign.window, campaign.window.services.get(), touchpoint),
        *(make_delivery(touchpoint=touchpoint), make_template(), make_contact(), make_planner(username="root")),
        create_feed(name="Calendar", language="en", owner=None, actor=None, now=NOW)[0],
        TicketSource.objects.create(name="Desk", slug="desk"),
        Suppression.objects.create(kind="email", address="dead@example.org", reason="manual"),
        record("window.created", subject=campaign.window, actor=None, now=NOW),
        Group.objects.get(name="viewer"),
    ]
    return {row._meta.label_lower: row for row in rows}


def opened(client: Client, url: str, *, post: bool = False) -> tuple[int, list[str]]:
    """The answer's status, and what was written for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(url, FORGED) if post else client.get(url)
    written = [query["sql"] for query in queries if query["sql"].startswith(WRITES)]
    return answer.status_code, [sql for sql in written if not any(word in sql for word in ON_THE_SIDE)]


def may_look(user: User, page: Page) -> bool:
    model = page.model._meta.model_name.replace("doubtfuldelivery", "delivery")
    return user.has_perm(f"{page.model._meta.app_label}.view_{model}")


def test_nobody_opens_anything_without_signing_in():
    for page in pages(make_one_of_each()):
        for answer in (Client().get(page.url), Client().post(page.url)):
            assert answer.status_code == 302, page
            assert "/login/" in answer.url, page


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_page_opens_without_an_error_and_only_for_those_who_may_look(role):
    user = make_member(role)
    rows, client, wrong = make_one_of_each(), client_of(user), []
    for page in pages(rows):
        status, written = opened(client, page.url)
        fits = status == (200 if may_look(user, page) else 403) if page.is_of(rows) else status < 500
        if not fits or written:
            wrong.append((page.name, status, written))
    assert wrong == []


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_those_who_only_look_can_post_nothing_anywhere(role):
    client, wrong = client_of(make_member(role)), []
    for page in pages(make_one_of_each()):
        status, written = opened(client, page.url, post=True)
        if status >= 500 or (written and page.name not in (*MINE, *APPROVING)):
            wrong.append((page.name, status, written))
    assert wrong == []


def test_viewers_see_every_model_but_people():
    user = make_member("viewer")
    hidden = {model._meta.label for model in admin.site._registry if not may_look(user, Page(name="", model=model, url=""))}
    assert hidden == {"accounts.User", "auth.Group"}


@pytest.mark.parametrize("name", MACHINERY)
def test_planners_look_at_what_holds_secrets_and_do_not_change_it(name):
    rows, client = make_one_of_each(), client_of(make_member("planner"))
    row = rows[name.replace("_", ".")]
    address = f"/admin/{name.replace('_', '/')}/{row.pk}/change/"
    assert opened(client, address)[0] == 200
    assert opened(client, address, post=True)[0] == 403
    assert opened(client, f"/admin/{name.replace('_', '/')}/add/")[0] == 403


def test_planners_neither_manage_people_nor_approve_nor_release_a_halt():
    user = make_member("planner")
    assert not [name for name in ("accounts.change_user", APPROVE, "delivery.change_installation") if user.has_perm(name)]
    assert user.has_perms(["windows.add_maintenancewindow", "campaigns.change_campaign", "audiences.add_contact"])


def test_approvers_look_and_approve():
    rights = {permission.split(".")[1] for permission in make_member("approver").get_all_permissions()}
    assert [right for right in rights if not right.startswith("view_")] == ["approve_campaign"]


def test_administrators_may_do_everything_of_ours():
    user = make_member("administrator")
    ours = Permission.objects.filter(content_type__app_label__in=APPS).select_related("content_type")
    assert [row for row in ours if not user.has_perm(f"{row.content_type.app_label}.{row.codename}")] == []


def test_administrators_cannot_make_themselves_superusers():
    ben = make_member("administrator", username="ben")
    fields = {"username": "ben", "language": "en", "time_zone": "UTC", "is_active": "on", "is_staff": "on"}
    answer = client_of(ben).post(f"/admin/accounts/user/{ben.pk}/change/", fields | {"is_superuser": "on"})
    assert answer.status_code == 302
    ben.refresh_from_db()
    assert not ben.is_superuser


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_administrators_leave_superusers_alone(page):
    root, client = make_planner(username="root", password="kept"), client_of(make_member("administrator"))
    client.post(f"/admin/accounts/user/{root.pk}/{page}/", {"username": "r", "password1": "Stolen-1!", "password2": "Stolen-1!"})
    root.refresh_from_db()
    assert (root.username, root.check_password("kept")) == ("root", True)


def migrate_again():
    for config in apps.get_app_configs():
        grant_after_migrating(config, using="default")


def test_what_an_administrator_took_away_stays_away():
    group, right = Group.objects.get(name="planner"), Permission.objects.get(codename="add_contact")
    group.permissions.remove(right)
    migrate_again()
    assert right not in group.permissions.all()


def test_what_an_administrator_added_or_renamed_stays():
    group, right = Group.objects.get(name="viewer"), Permission.objects.get(codename="add_contact")
    group.permissions.add(right)
    Group.objects.filter(pk=group.pk).update(name="Everybody")
    migrate_again()
    assert right in group.permissions.all()
    assert not Group.objects.filter(name="viewer").exists()


def test_a_role_that_was_deleted_does_not_come_back():
    Group.objects.get(name="approver").delete()
    migrate_again()
    assert set(Group.objects.values_list("name", flat=True)) == {"planner", "viewer", "administrator"}


def test_a_permission_of_a_later_release_is_given_to_the_roles_that_are_owed_it():
    role, right = Role.objects.get(name="viewer"), Permission.objects.get(codename="view_contact")
    role.group.permissions.remove(right)
    role.offered.remove("audiences.view_contact")  # as if the model were new
    role.save()
    migrate_again()
    assert right in role.group.permissions.all()
