"""What a planner should know, mend or tick before a campaign is scheduled.

The way of a finding: the database is read once into facts (neighbours, gathering, reading), pure rules make remarks of them (timing,
audience, channels, translations, completeness, tone), and at the door each becomes a sentence with a link (sentences, links).
"""

from .findings import Finding, Level, Place
from .looking import board_and_findings, checked_plan, findings_of
from .report import Report

__all__ = ["Finding", "Level", "Place", "Report", "board_and_findings", "checked_plan", "findings_of"]
