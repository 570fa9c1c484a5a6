"""The audit trail: what a row was like before and after, and what was done to it, in words."""
