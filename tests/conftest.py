"""Generated examples: few of them in each run, without a deadline of their own.

A busy machine may be slow; the test has a deadline. CONTRIBUTING says how to run many more.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, max_examples=50)
settings.register_profile(
    "long", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
