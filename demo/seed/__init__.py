"""Sample data: what a team would have after some months, and a campaign that leaves while one watches."""
