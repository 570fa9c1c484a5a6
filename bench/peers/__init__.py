"""The Django project in which the peers do the work: as such projects are usually written, with their useful settings set."""
