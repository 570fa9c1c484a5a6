from . import acknowledgements, events, sources, tickets

__all__ = ["acknowledgements", "events", "sources", "tickets"]
