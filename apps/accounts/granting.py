"""After `migrate`: the groups of the roles, each with the permissions that are its by roles.py.

A permission is given to a role once. Whoever takes it away again, renames the group or deletes it has decided so, and no
later migration undoes that.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions

from .roles import APPS, PEOPLE, ROLES, Right

GRANTED = APPS | {model.split(".")[0] for model in PEOPLE}


def grant_after_migrating(sender: AppConfig, *, using: str, apps: Apps = installed, **_: Any) -> None:
    """For the models of one app, as soon as their permissions are there."""
    if sender.label not in GRANTED or not _has_tables(apps):
        return
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    grant_roles(apps, using=using, app_label=sender.label)


def grant_roles(apps: Apps, *, using: str, app_label: str) -> None:
    Permission, Group, Role = (
        apps.get_model(*name) for name in (("auth", "Permission"), ("auth", "Group"), ("accounts", "Role"))
    )
    rows = Permission.objects.using(using).filter(content_type__app_label=app_label).select_related("content_type")
    rights = {Right(model=f"{app_label}.{row.content_type.model}", codename=row.codename): row for row in rows}
    roles = {role.name: role for role in Role.objects.using(using).all()}
    for name, may in ROLES.items():
        role = roles.get(name)
        offered = set(role.offered) if role else set()
        owed = {right.name: row for right, row in rights.items() if may(right) and right.name not in offered}
        if not owed:
            continue
        if role is None:
            group, _ = Group.objects.using(using).get_or_create(name=name)
            role = Role.objects.using(using).create(name=name, group=group, offered=[])
        if role.group is not None:
            role.group.permissions.add(*owed.values())
        role.offered = sorted(offered | owed.keys())
        role.save(using=using, update_fields=["offered"])


def _has_tables(apps: Apps) -> bool:
    """Not while migrating back to before the roles, or while only some apps are migrated."""
    try:
        for name in (("auth", "Group"), ("accounts", "Role")):
            apps.get_model(*name)
    except LookupError:
        return False
    return True
