from . import events, sources, tickets

__all__ = ["events", "sources", "tickets"]
