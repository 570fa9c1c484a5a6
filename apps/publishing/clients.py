"""Which program fetched a feed, from what it says of itself: its name only, without version, machine or person."""

from collections.abc import Sequence

# The first that fits: many call themselves Mozilla too. Left: what stands in the User-Agent, in lower case.
CLIENTS: Sequence[tuple[str, str]] = (
    ("google-calendar-importer", "Google Calendar"),
    ("googlebot", "Google"),
    ("thunderbird", "Thunderbird"),
    ("icsx5", "ICSx⁵"),
    ("davx5", "DAVx⁵"),
    ("dataaccessd", "Apple Calendar"),  # iPhone, iPad and newer Macs
    ("calendaragent", "Apple Calendar"),
    ("outlook", "Outlook"),
    ("microsoft office", "Outlook"),
    ("exchange", "Outlook"),  # Microsoft 365 and outlook.com fetch from the server
    ("nextcloud", "Nextcloud"),
    ("evolution", "Evolution"),
    ("kontact", "KDE Kontact"),
    ("korganizer", "KDE Kontact"),
    ("akonadi", "KDE Kontact"),
    ("homeassistant", "Home Assistant"),
    ("home-assistant", "Home Assistant"),
    ("protoncalendar", "Proton Calendar"),
    ("yahoo", "Yahoo"),
    ("feedly", "Feedly"),
    ("inoreader", "Inoreader"),
    ("slackbot", "Slack"),
    ("curl/", "curl"),
    ("wget/", "Wget"),
    ("python", "Python"),
    ("go-http-client", "Go"),
    ("java/", "Java"),
    ("okhttp", "Android"),
    ("firefox/", "Firefox"),
    ("edg/", "Edge"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)
LOOKED_AT = 300  # of a header that strangers write


def client_name(user_agent: str) -> str:
    """Empty where the program does not say, or says nothing that the table knows."""
    said = user_agent[:LOOKED_AT].lower()
    return next((name for sign, name in CLIENTS if sign in said), "")
