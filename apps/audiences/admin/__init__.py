from . import contacts, segments, suppressions

__all__ = ["contacts", "segments", "suppressions"]
