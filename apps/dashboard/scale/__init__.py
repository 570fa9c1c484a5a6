"""A database as a large organisation would have it after two years, to see whether every page stays quick.

Nothing of it can leave: its one channel is the memory of a process, and paused; its people live at addresses that are
reserved for examples. The ledger adds up: `manage.py verify` finds nothing.
"""
