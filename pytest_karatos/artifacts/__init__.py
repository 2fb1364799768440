"""Keep the files of a run for people: one folder a run, a folder a test and a build in it."""

from pytest_karatos.artifacts.names import safe_name
from pytest_karatos.artifacts.run import Run, open_run

__all__ = ["Run", "open_run", "safe_name"]
