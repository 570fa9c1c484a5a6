"""Everything on one machine, to look at: sample data, the real processes, and a mailbox that catches every message."""
