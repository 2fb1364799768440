"""Let a busy machine be slow: a generated example has no deadline of its own, the test has one."""

from hypothesis import settings

settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
