"""Run the `run:` steps of the workflow that users copy, with what GitHub's runner gives them.

What is not GitHub's here: the actions (`uses:`) do nothing, since they need GitHub's services; what
they would have given (a checkout, a Python, a restored cache) is laid out by the test.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).parents[2]
WORKFLOW = REPOSITORY / "ci" / "github-workflow.yml"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TERM = re.compile(r"(?P<name>[\w.-]+) (?P<sign>==|!=) '(?P<value>[^']*)'")
#: What the runner itself needs of the machine; nothing else leaks into a step.
_KEPT = ("PATH", "DOCKER_HOST", "SSL_CERT_FILE")

Step = dict[str, Any]


def workflow(path: Path = WORKFLOW) -> dict[str, Any]:
    """Return the parsed file."""
    parsed: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    return parsed


def steps(job: str = "firmware") -> list[Step]:
    """Return the steps of a job."""
    found: list[Step] = workflow()["jobs"][job]["steps"]
    return found


@dataclass(kw_only=True)
class Job:
    """One leg of the matrix in ``workspace``: what was said to it, and what its steps said."""

    workspace: Path
    home: Path
    name: str = "firmware"
    context: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """What the steps wrote for the page of the run."""
        place = self.home / "summary.md"
        return place.read_text() if place.exists() else ""

    def run(self, *, more: Mapping[str, str] | None = None) -> None:
        """Run the steps in order; after a failed one only those that want to run anyway."""
        for step in steps(self.name):
            if "run" in step and self._wanted(step):
                done = subprocess.run(
                    self.argv(step),
                    cwd=self.workspace,
                    env=self.environ(step) | dict(more or {}),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                )
                self._note(step, done.stdout, done.returncode)

    def argv(self, step: Step) -> list[str]:
        """Return what the runner calls for `shell: bash`."""
        assert workflow()["defaults"]["run"]["shell"] == "bash"
        script = self.home / "script.sh"
        script.write_text(step["run"])
        return ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]

    def environ(self, step: Step) -> dict[str, str]:
        """Return a step's environment: the runner's, the job's, its own."""
        job = workflow()["jobs"][self.name]
        said = {**job["env"], **step.get("env", {})}
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.home / "output"),
            "GITHUB_STEP_SUMMARY": str(self.home / "summary.md"),
            **{name: self.fill_placeholders(str(value)) for name, value in said.items()},
        }

    def fill_placeholders(self, text: str) -> str:
        """Put in the values of `${{ ... }}`."""
        return _EXPRESSION.sub(lambda found: self.context.get(found[1], ""), text)

    def _wanted(self, step: Step) -> bool:
        condition = _EXPRESSION.sub(r"\1", step.get("if", ""))
        terms = [term.strip() for term in condition.split("&&") if term.strip()]
        anyway = "!cancelled()" in terms
        red = any(self.statuses.values())
        return (anyway or not red) and all(self._holds(term) for term in terms)

    def _holds(self, term: str) -> bool:
        if term == "!cancelled()":
            return True
        parsed = _TERM.fullmatch(term)
        assert parsed is not None, f"this runner cannot judge {term!r}"
        same = self.context.get(parsed["name"], "") == parsed["value"]
        return same if parsed["sign"] == "==" else not same

    def _note(self, step: Step, log: str, status: int) -> None:
        self.logs[step["name"]], self.statuses[step["name"]] = log, status
        output = self.home / "output"
        for line in output.read_text().splitlines() if output.exists() else ():
            key, _, value = line.partition("=")
            self.context[f"steps.{step['id']}.outputs.{key}"] = value
        output.unlink(missing_ok=True)
        if "id" in step:
            self.context[f"steps.{step['id']}.outcome"] = "failure" if status else "success"
