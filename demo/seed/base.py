"""The team, the services and the audience."""

from django.contrib.auth.models import Group

from apps.accounts.models import User
from apps.audiences.models import Contact
from apps.windows.models import Service

from .people import contacts

USERNAME = "ana"
PASSWORD = "notice-in-time"  # of a demo that listens on this machine only
# One of the team for each role, who sign in with the same password.
TEAM = (
    ("clara", "Clara", "Moreau", "planner", "fr"),
    ("ben", "Ben", "Okafor", "approver", "en"),
    ("dan", "Dan", "Lindqvist", "viewer", "en"),
    ("erin", "Erin", "Walsh", "administrator", "en"),
)
SERVICES = (
    ("Checkout", "checkout", "Basket, payment and order confirmation."),
    ("Customer portal", "customer-portal", "Orders, invoices and returns."),
    ("Partner API", "partner-api", "Stock and prices for resellers."),
    ("Search", "search", "Finding products on the site."),
)


def make_planner() -> User:
    found = User.objects.filter(username=USERNAME).first()
    return found or User.objects.create_superuser(
        username=USERNAME,
        password=PASSWORD,
        email="ana@acme.example",
        first_name="Ana",
        last_name="Duarte",
        time_zone="Europe/Paris",
    )


def make_team() -> None:
    """People with the rights of one role each, beside the planner, who may do everything."""
    for username, first_name, last_name, role, language in TEAM:
        if User.objects.filter(username=username).exists():
            continue
        person = User.objects.create_user(
            username=username,
            password=PASSWORD,
            email=f"{username}@acme.example",
            first_name=first_name,
            last_name=last_name,
            language=language,
            time_zone="Europe/Paris",
            is_staff=True,
        )
        person.groups.set(Group.objects.filter(name=role))


def make_services() -> dict[str, Service]:
    rows = [Service(name=name, slug=slug, description=description) for name, slug, description in SERVICES]
    Service.objects.bulk_create(rows, ignore_conflicts=True)
    return {service.slug: service for service in Service.objects.all()}


def make_contacts() -> None:
    if not Contact.objects.exists():
        Contact.objects.bulk_create(contacts())
