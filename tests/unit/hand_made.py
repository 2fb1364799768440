"""Ledgers made by hand, held to the schema, and texts that want to be more than text."""

import json
from pathlib import Path
from typing import Any, cast

from hypothesis import strategies as st
from jsonschema_rs import Draft7Validator

import pytest_karatos
from pytest_karatos.emulators.facts import unknown_boot
from pytest_karatos.report.shape import BuildFacts, LedgerFacts

Facts = dict[str, Any]
RESOURCES = Path(pytest_karatos.__file__).parent / "resources"
SCHEMA = Draft7Validator(json.loads((RESOURCES / "ledger.schema.json").read_text()))
#: What would be markup, a link, a mention or a command, and any other text.
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [
                *("|", "`", "``` ", "<", ">", "[a](b)", "![", "*", "_", "~~", "#", "##[", "::"),
                *("\\", "\n", "\n\n", "- ", "1. ", "http://e.de", "www.e.de", "a@b.de", "@you"),
                *("&amp;", "%0A", "x ", "<script>", "</details>", "<img src=x onerror=y>", ","),
                *("&#60;", "-->", "]]>", "\r", "##[add-mask]x", "::error::x", "::stop-commands::x"),
            ]
        ),
        max_size=30,
    ).map("".join),
)


def line(number: int, text: str, *, mark: bool = False) -> Facts:
    unknown = {"seconds": None, "instructions": None, "guest_seconds": None, "tick": None}
    return {"number": number, **unknown, "text": text, "mark": mark}


def figure(name: str, value: float, unit: str = "B", **more: object) -> Facts:
    plain = {"limit": None, "limit_origin": "", "room": None}
    return {"name": name, "value": value, "unit": unit, **plain, **more}


def boot(*texts: str) -> Facts:
    log = [line(number, text) for number, text in enumerate(texts, 1)]
    return {**unknown_boot(""), "measurements": [], "log": log, "elsewhere": []}


def build_facts(title: str = "", seconds: float = 1.0, *, changed: str = "") -> BuildFacts:
    return {
        "title": title,
        "ok": True,
        "by": "gw0",
        "seconds": seconds,
        "watched": True,
        "changed": [changed] if changed else [],
        "changes": int(bool(changed)),
    }


def record(name: str, **more: object) -> Facts:
    target = more.setdefault("target", "arm")
    return {
        "id": f"{name}[{target}]",
        "test": name,
        "board": "lm3s6965evb" if target == "arm" else "virt",
        "arch": target,
        "profile": "debug",
        "outcome": "passed",
        "when": "teardown",
        "seconds": 0.1,
        "worker": "gw0",
        "reruns": 0,
        "tally": "",
        "firmware": "k1",
        "message": "",
        "details": "",
        "file": "tests/test_a.py",
        "line": 7,
        "boots": [],
        "measurements": [],
        "verdicts": [],
        **more,
    }


def failed(name: str, message: str, **more: object) -> Facts:
    return record(name, **{"outcome": "failed", "message": message, **more})


def ledger(*tests: Facts, **more: object) -> LedgerFacts:
    bad = sum(test["outcome"] != "passed" for test in tests)
    firmware: Facts = {
        **dict.fromkeys(("key", "builder", "image", "revision", "command", "built_at", "elf"), ""),
        "board": "lm3s6965evb",
        "arch": "arm",
        "profile": "debug",
        "features": [],
        "name": "",
        "binary": "",
        "build": "k1",
        "warnings": [],
        "measurements": [figure("flash", 14232, limit=24576), figure("ram", 9000)],
        "build_seconds": 1.234,
        "fresh": True,
        "toolchain": "rustc 1.85",
    }
    counts = {"passed": len(tests) - bad, "failed": bad, "errors": 0, "skipped": 0}
    counts |= {"xfailed": 0, "xpassed": 0}
    row = {"board": "lm3s6965evb", "arch": "arm", "profile": "debug", "firmware": "k1", **counts}
    row["firmwares"] = ["k1"]
    run = {"id": "1", "started": "2026-01-02T03:04:05Z", "workers": 0, "platform": "Linux"}
    made: Facts = {
        "schema": 2,
        "run": {**run, "exit_status": int(bad > 0), "seconds": 3.21, "versions": {"pytest": "9.2"}},
        "settings": {"source": ".", "builder": "docker", "builder_why": "", "revision": "abc123"},
        "builds": [build_facts("arm debug", 1.2)],
        "firmwares": {"k1": firmware},
        "boards": [{**row, "verdict": f"{bad} failed" if bad else "passed"}],
        "tests": list(tests),
        "unjudged": [],
        **more,
    }
    SCHEMA.validate(made)
    return cast("LedgerFacts", made)
