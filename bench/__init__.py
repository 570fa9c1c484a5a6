"""How fast, how punctual and how frugal Preavis is, beside what else people would use. README.md says how to read it."""
