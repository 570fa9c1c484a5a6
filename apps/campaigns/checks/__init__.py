"""What a planner should know, mend or tick before a campaign is scheduled."""

from .findings import Finding, Level, Place
from .looking import findings_of

__all__ = ["Finding", "Level", "Place", "findings_of"]
