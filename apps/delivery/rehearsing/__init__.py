"""A campaign on a compressed clock, to the planner alone: every message of the plan really leaves, and counts nowhere.

script (what would go when to whom) → start (written as rows, in one transaction) → sending (claimed, handed over, settled),
where writing makes the message. Nothing here reads or writes a touchpoint, a delivery, a batch or an event.
"""
