"""What everybody sends: one text with ten variables, and the people it goes to."""

CONTENT_KEY = "bench"
SUBJECT = "{{ window.title }}: {{ window.short_starts }}"
BODY = """\
{{ contact.greeting }},

on {{ window.starts }} we begin the work “{{ window.title }}” on {{ window.services | join: ", " }}, which
{{ contact.organisation }} uses. We plan {{ window.duration }}; it is over by {{ window.latest_end }} at the latest.

If that is a bad time, {{ contact.first_name }}, answer this message: a person reads it. See
[how it stands]({{ window.notice_url }}) and [how we prepare such work](https://www.example.com/operations/prepare).

{{ team.name }}
"""
TITLE = "Upgrade of the order database"
REASON = "The present version is no longer maintained by its makers; the new one answers searches in a third of the time."
EFFECT = "The portal shows products but takes no orders. Orders placed before are safe and are processed after the work."
SERVICES = ("Checkout", "Order history")

FIRST_NAMES = ("Ana", "Zoé", "Jürgen", "Mei", "Søren", "Łucja", "Imran", "Noémie", "Ivo", "Cem")
LAST_NAMES = ("Lima", "Dubois", "Krause", "Tan", "Holm", "Nowak", "Aziz", "Petit", "Babić", "Yılmaz", "Okafor")
ORGANISATIONS = 2000
GROUP = "w.example.org"  # the domain of all who get W
MARKED = ("Firstnamehere Lastnamehere", "Organisationhere")  # the one whose message becomes the peers' template


def person(number: int) -> tuple[str, str, str]:
    """Name, organisation and address of the `number`-th recipient, the same for everybody."""
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
    return name, f"Organisation {number % ORGANISATIONS}", f"person{number}@{GROUP}"
