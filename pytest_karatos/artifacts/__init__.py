"""Files of a run that are kept for people: a folder a run, in it a folder a test and a build."""

from pytest_karatos.artifacts.names import safe_name
from pytest_karatos.artifacts.run import Run, open_run

__all__ = ["Run", "open_run", "safe_name"]
