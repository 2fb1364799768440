"""Ledgers made by hand, held to the schema, and texts that want to be more than text."""

import json
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import strategies as st

import pytest_karatos

Facts = dict[str, Any]
SCHEMA = json.loads(
    (Path(pytest_karatos.__file__).parent / "resources" / "ledger.schema.json").read_text()
)
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
    return {"number": number, "seconds": None, "tick": None, "text": text, "mark": mark}


def boot(*texts: str) -> Facts:
    log = [line(number, text) for number, text in enumerate(texts, 1)]
    return {"folder": "", "log": log}


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
        "firmware": "k1",
        "message": "",
        "details": "",
        "file": "tests/test_a.py",
        "line": 7,
        "boots": [],
        "measurements": [],
        **more,
    }


def failed(name: str, message: str, **more: object) -> Facts:
    return record(name, **{"outcome": "failed", "message": message, **more})


def ledger(*tests: Facts, **more: object) -> Facts:
    bad = sum(test["outcome"] != "passed" for test in tests)
    firmware: Facts = {
        **dict.fromkeys(("key", "builder", "image", "revision", "command", "built_at", "elf"), ""),
        **dict.fromkeys(("flash_limit_origin", "ram_limit_origin"), ""),
        **dict.fromkeys(("flash_room", "ram_room", "reserved_bytes"), 0),
        "board": "lm3s6965evb",
        "arch": "arm",
        "profile": "debug",
        "features": [],
        "flash_bytes": 14232,
        "flash_limit": 24576,
        "ram_bytes": 9000,
        "ram_limit": None,
        "build_seconds": 1.234,
        "fresh": True,
        "toolchain": "rustc 1.85",
    }
    counts = {"passed": len(tests) - bad, "failed": bad, "errors": 0, "skipped": 0}
    row = {"board": "lm3s6965evb", "arch": "arm", "profile": "debug", "firmware": "k1", **counts}
    run = {"id": "1", "started": "2026-01-02T03:04:05Z", "workers": 0, "platform": "Linux"}
    made: Facts = {
        "schema": 1,
        "run": {**run, "exit_status": int(bad > 0), "seconds": 3.21, "versions": {"pytest": "9.2"}},
        "settings": {"source": ".", "builder": "docker", "builder_why": "", "revision": "abc123"},
        "builds": [{"title": "arm debug", "ok": True, "by": "gw0", "seconds": 1.2}],
        "firmwares": {"k1": firmware},
        "boards": [{**row, "verdict": f"{bad} failed" if bad else "passed"}],
        "tests": list(tests),
        **more,
    }
    jsonschema.validate(made, SCHEMA)
    return made
