"""Settings of generated tests: no test is timed, and each failed example is printed and not kept."""

from hypothesis import settings

settings.register_profile("cases", database=None, deadline=None)
settings.load_profile("cases")
