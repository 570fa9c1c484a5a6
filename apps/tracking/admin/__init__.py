from . import acknowledgements, events, inbox, sources, tickets

__all__ = ["acknowledgements", "events", "inbox", "sources", "tickets"]
