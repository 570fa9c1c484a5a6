"""What the admins of all apps have in common: the trail, edit conflicts, and what may be deleted."""
