"""The team, the services and the audience."""

from apps.accounts.models import User
from apps.audiences.models import Contact
from apps.windows.models import Service

from .people import contacts

USERNAME = "ana"
PASSWORD = "notice-in-time"  # of a demo that listens on this machine only
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


def make_services() -> dict[str, Service]:
    rows = [Service(name=name, slug=slug, description=description) for name, slug, description in SERVICES]
    Service.objects.bulk_create(rows, ignore_conflicts=True)
    return {service.slug: service for service in Service.objects.all()}


def make_contacts() -> None:
    if not Contact.objects.exists():
        Contact.objects.bulk_create(contacts())
