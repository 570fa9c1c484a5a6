"""The delivery log of one campaign: what was done for whom, narrowed by moment, column, state and error."""
