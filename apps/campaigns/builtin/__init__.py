"""What Preavis brings along: playbooks, their texts in each language, and the segments and channels they name."""
