from . import deliveries, doubts

__all__ = ("deliveries", "doubts")
