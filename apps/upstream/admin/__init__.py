from . import notices, objects

__all__ = ["notices", "objects"]
