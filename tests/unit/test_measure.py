"""The table of metrics: each row has its probe, its budget keys, its schema and its column."""

import json
from pathlib import Path

import pytest

import pytest_karatos
from pytest_karatos.measure import PROBES
from pytest_karatos.measurement import METRICS, Metric
from pytest_karatos.settings.lookup import by_name


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_row_is_all_that_a_metric_needs(metric: Metric) -> None:
    assert callable(PROBES[metric.name].take)
    assert metric.about in by_name()[f"budget.*.{metric.name}"].help
    assert metric.about in by_name()[f"budget.*.*.{metric.name}"].help


def test_no_file_of_the_reports_knows_a_metric_by_name() -> None:
    package = Path(pytest_karatos.__file__).parent
    files = [
        *(package / "report").rglob("*.py"),
        *(package / "pytest_plugin").rglob("*.py"),
        *(package / "resources" / "html").glob("*.jinja2"),
    ]
    assert len(files) > 30
    named = {
        f"{path.name}: {one.name}"
        for path in files
        for one in METRICS
        if one.name in _texts(path.read_text())
    }
    # The instructions at which a line was printed are a field of the line, not the metric.
    # In news.py it is the unit.
    assert named == {"excerpt.py: instructions", "log.py: instructions", "news.py: instructions"}


def _texts(source: str) -> set[str]:
    """Return the texts in double quotes, but those of docstrings."""
    code = "".join(source.split('"""')[::2])
    return {text for line in code.splitlines() for text in line.split('"')[1::2]}


def test_the_schema_of_settings_completes_each_metric() -> None:
    path = Path(pytest_karatos.__file__).parent / "resources" / "karatos.schema.json"
    budget = json.loads(path.read_text())["properties"]["budget"]["additionalProperties"]
    assert set(budget["properties"]) == {one.name for one in METRICS}
