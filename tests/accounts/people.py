"""The cast by role: each signed in with the rights of one group and nothing else."""

from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from tests.factories import make_user


def make_member(role: str, **fields: Any) -> User:
    """One of the team; `role` names the group."""
    user = make_user(**({"is_staff": True, "email": f"{role}@acme.example"} | fields))
    user.groups.add(Group.objects.get(name=role))
    return user


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client
