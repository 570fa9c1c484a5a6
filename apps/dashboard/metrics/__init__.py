"""The figures of the dashboard: a fixed number of counted queries in, frozen dataclasses out. Knows no HTTP."""
