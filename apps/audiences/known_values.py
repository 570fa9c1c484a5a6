"""What contacts have in their fields, to be offered where a rule is written."""

from django.db import connection
from django.db.models import F

from .guesses import is_attribute
from .models import ColumnMeaning, Contact
from .queries import subject_of
from .rules import ATTRIBUTE, ATTRIBUTE_NAME

MOST_VALUES = 20
MOST_NAMES = 100
LOOKED_AT = 5000  # of the oldest and of the newest contacts: enough to know the names that are in use

_NAMES = {
    "postgresql": "SELECT DISTINCT jsonb_object_keys(attributes) FROM ({rows}) people",
    "sqlite": "SELECT DISTINCT facts.key FROM ({rows}) people, json_each(people.attributes) facts",
}


def attribute_names() -> list[str]:
    """Those that imports have named, and those that contacts have."""
    named = ColumnMeaning.objects.filter(meaning__startswith=ATTRIBUTE).values_list("meaning", flat=True)
    found = {meaning.removeprefix(ATTRIBUTE) for meaning in named if is_attribute(meaning)}
    table = Contact._meta.db_table
    with connection.cursor() as cursor:
        for order in ("ASC", "DESC"):
            rows = f"SELECT attributes FROM {table} ORDER BY id {order} LIMIT {LOOKED_AT}"
            cursor.execute(_NAMES[connection.vendor].format(rows=rows))
            found.update(name for (name,) in cursor.fetchall())
    return sorted(name for name in found if ATTRIBUTE_NAME.fullmatch(name))[:MOST_NAMES]


def known_values(field: str, typed: str) -> list[str]:
    """Some that hold what was typed so far, in order."""
    rows = Contact.objects.active().order_by().annotate(known=subject_of(field)).exclude(known="")
    if typed:
        rows = rows.filter(known__icontains=typed)
    return [str(value) for value in rows.values_list(F("known"), flat=True).distinct().order_by("known")[:MOST_VALUES]]
