"""Recognise a tree that CMake builds."""

import re
from pathlib import Path

from pytest_karatos.commands.trees.cross import because
from pytest_karatos.commands.trees.found import Found, Question
from pytest_karatos.commands.trees.text import files_of, read

_FILE = "CMakeLists.txt"
_EXECUTABLE = re.compile(r"add_executable\s*\(\s*([^\s)]+)", re.IGNORECASE)
_PROJECT = re.compile(r"project\s*\(\s*([^\s)]+)", re.IGNORECASE)
_SUFFIX = re.compile(r"CMAKE_EXECUTABLE_SUFFIX\w*\s+\"?(\.\w+)", re.IGNORECASE)
_FOLDER = "build/{board}-{profile}"
_TYPE = "$([ {profile} = release ] && echo Release || echo Debug)"


def recognise(tree: Path) -> Found | None:
    """Recognise CMakeLists.txt, with a toolchain file where exactly one is there."""
    text = read(tree / _FILE)
    if not text:
        return None
    toolchains = [
        str(path.relative_to(tree))
        for path in files_of(tree)
        if path.suffix == ".cmake" and "CMAKE_SYSTEM_NAME" in read(path)
    ]
    flag = f" -DCMAKE_TOOLCHAIN_FILE={toolchains[0]}" if len(toolchains) == 1 else ""
    elf = _elf(text)
    builder, why = because("cmake")
    return Found(
        saw=tuple(_saw(toolchains, elf)),
        command=f"cmake -S . -B {_FOLDER} -DCMAKE_BUILD_TYPE={_TYPE}{flag} "
        f"&& cmake --build {_FOLDER}",
        elf=elf,
        hint=text + "".join(read(tree / one) for one in toolchains),
        builder=builder,
        builder_why=why,
        questions=tuple(_questions(toolchains, elf)),
    )


def _saw(toolchains: list[str], elf: str) -> list[str]:
    saw = [f"{_FILE}: CMake builds it"]
    saw += [f"{toolchains[0]}: the toolchain"] if len(toolchains) == 1 else []
    return saw + ([f"{_FILE} makes {elf}"] if elf else [])


def _elf(text: str) -> str:
    """Return where the only program comes out; nothing when there are several, or none."""
    project, suffix = _PROJECT.search(text), _SUFFIX.search(text)
    names = set(_EXECUTABLE.findall(text))
    if len(names) != 1:
        return ""
    name = names.pop()
    for variable in ("${PROJECT_NAME}", "${CMAKE_PROJECT_NAME}"):
        name = name.replace(variable, project[1] if project else variable)
    return "" if "$" in name else f"{_FOLDER}/{name}{suffix[1] if suffix else ''}"


def _questions(toolchains: list[str], elf: str) -> list[Question]:
    questions = []
    if len(toolchains) > 1:
        line = f'command = "cmake -DCMAKE_TOOLCHAIN_FILE={toolchains[0]} ..."'
        text = f"which toolchain file: {', '.join(toolchains)}?"
        questions.append(Question(text=text, lines=(line,)))
    if not elf:
        line = f'elf = "{_FOLDER}/firmware.elf"'
        questions.append(Question(text="which file does the build leave?", lines=(line,)))
    return questions
