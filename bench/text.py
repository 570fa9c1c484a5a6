"""What everybody sends: one text with ten variables, and the people it goes to."""

CONTENT_KEY = "bench"
SUBJECT = "{{ window.title }}: {{ window.short_starts }}"
BODY = """\
{{ contact.greeting }},

on {{ window.starts }} we begin the work “{{ window.title }}”. It concerns the services that {{ contact.organisation }}
uses: {{ window.services | join: ", " }}. We plan {{ window.duration }} for it; it is over by {{ window.latest_end }} at
the latest.

## What you will notice

{{ window.effect }}

- **Starts:** {{ window.starts }}
- **Ends at the latest:** {{ window.latest_end }}
- **In UTC:** {{ window.utc_times }}

## Why we do it

{{ window.reason }}

## What you can do, {{ contact.first_name }}

{{ window.alternatives }}

[See the notice of this work]({{ window.notice_url }}), which always shows how it stands, or read
[how we prepare such work](https://www.example.com/operations/how-we-prepare-maintenance).

If the time is bad for {{ contact.organisation }}, answer this message before the work begins; a person reads it.

{{ team.name }}
"""
TITLE = "Upgrade of the order database"
REASON = (
    "The present version is no longer maintained by its makers from next month on. The new one brings the repairs that "
    "our security team has asked for, and answers the searches of the order history in a third of the time."
)
EFFECT = (
    "The portal shows products and prices but takes no orders. Orders that were placed before are safe and are processed "
    "as soon as the work is done. Interfaces answer with 503 and a Retry-After of ten minutes, so that well-behaved "
    "clients come back by themselves. E-mail, telephone and invoices are not touched."
)
ALTERNATIVES = (
    "Place what is urgent before the work begins. For an emergency order call your usual contact; the desk is staffed for "
    "the whole night and writes orders down by hand. Automatic interfaces need no change on your side."
)
SERVICES = ("Customer portal", "Checkout", "Order history")

FIRST_NAMES = ("Ana", "Zoé", "Jürgen", "Mei", "Søren", "Łucja", "Imran", "Noémie", "Ivo", "Cem")
LAST_NAMES = ("Lima", "Dubois", "Krause", "Tan", "Holm", "Nowak", "Aziz", "Petit", "Babić", "Yılmaz", "Okafor")
ORGANISATIONS = 2000
MARKED = ("Firstnamehere Lastnamehere", "Organisationhere")  # the one whose message becomes the peers' template


def person(number: int) -> tuple[str, str, str]:
    """Name, organisation and address of the `number`-th recipient, the same for everybody."""
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
    return name, f"Organisation {number % ORGANISATIONS}", f"person{number}@w.example.org"
