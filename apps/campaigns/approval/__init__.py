"""Four eyes: what is approved, what voids it, and what is done about a campaign that has lost its approval."""
