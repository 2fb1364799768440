"""The build context: settings, environment, journal and job slots that all builders share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.builders.locks import JobSlots, cores, jobs_each
from pytest_karatos.progress import Journal
from pytest_karatos.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildContext:
    """The settings, the environment that builds see, and where progress is told."""

    settings: Settings
    environ: Mapping[str, str]
    journal: Journal

    @property
    def logs(self) -> Path:
        """The folder of this run's build logs."""
        return self.journal.path.parent / "builds"

    @property
    def slots(self) -> JobSlots:
        """How many builds of this user run at once: ``[build] jobs``, or one per processor."""
        count = self.settings.limits.jobs or cores()
        return JobSlots(folder=self.settings.cache / "slots", count=count)

    @property
    def jobs(self) -> int:
        """The jobs of one build, when as many run as this run can have at once."""
        builds = len(self.settings.chosen) * len(self.settings.profiles)
        return jobs_each(min(builds, self.slots.count), cores())
