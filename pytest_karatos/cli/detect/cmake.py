"""A tree that CMake builds, by its presets where it has some."""

import re
from pathlib import Path

from pytest_karatos.choices import DEBUG, PROFILES, RELEASE
from pytest_karatos.cli.detect.cmake_presets import Preset, presets_of
from pytest_karatos.cli.detect.found import Family, Found, Question, because
from pytest_karatos.cli.detect.text import files_of, read

_FILE, _PRESETS = "CMakeLists.txt", "CMakePresets.json"
_COMMENT = re.compile(r"#[^\n]*")
_EXECUTABLE = re.compile(r"\badd_executable\s*\(\s*([^\s)]+)([^)]*)", re.IGNORECASE)
_PROJECT = re.compile(r"\bproject\s*\(\s*([^\s)]+)", re.IGNORECASE)
_SUFFIX = re.compile(r"\bCMAKE_EXECUTABLE_SUFFIX\w*\s+\"?(\.\w+)", re.IGNORECASE)
_OWN_SUFFIX = re.compile(r"\bPROPERTIES\b[^)]*\bSUFFIX\s+\"?(\.\w+)", re.IGNORECASE)
_OUTPUT = re.compile(r"\bset\s*\(\s*CMAKE_RUNTIME_OUTPUT_DIRECTORY\s+([^\s)]+)", re.IGNORECASE)
_MOST = 50
_FOLDER = "build/{board}-{profile}"
_TYPE = "$([ {profile} = release ] && echo Release || echo Debug)"


def recognise(tree: Path) -> Found | None:
    """Recognise CMakeLists.txt, with presets or, where exactly one is there, a toolchain file."""
    text = read(tree / _FILE)
    if not text:
        return None
    toolchains = [
        path.relative_to(tree).as_posix()
        for path in files_of(tree)
        if path.suffix == ".cmake" and "CMAKE_SYSTEM_NAME" in read(path)
    ]
    presets = presets_of(tree)
    steps, folder, saw = _steps(presets) if presets else _plain(toolchains)
    binaries = _binaries(tree, folder)
    one = next(iter(binaries.values())) if len(binaries) == 1 else ""
    families = _families(steps, binaries)
    builder, why = because("cmake")
    hint = "".join((text, *(read(tree / each) for each in (*toolchains, _PRESETS))))
    return Found(
        saw=(f"{_FILE}: CMake builds it", *saw, *_saw(one, binaries)),
        command="" if families else " && ".join(steps),
        elf=one,
        families=families,
        hint=hint,
        builder=builder,
        builder_why=why,
        questions=tuple(_questions(presets, toolchains, one or families)),
        unsure=("which generator CMake takes here: none is named",) if not presets else (),
    )


def _saw(elf: str, binaries: dict[str, str]) -> list[str]:
    if elf:
        return [f"{_FILE} makes {elf}"]
    return [f"{_FILE} makes {', '.join([*binaries][:8])}"] if binaries else []


def _plain(toolchains: list[str]) -> tuple[list[str], str, list[str]]:
    flag = f" -DCMAKE_TOOLCHAIN_FILE={toolchains[0]}" if len(toolchains) == 1 else ""
    configure = f"cmake -S . -B {_FOLDER} -DCMAKE_BUILD_TYPE={_TYPE}{flag}"
    saw = [f"{toolchains[0]}: the toolchain"] if len(toolchains) == 1 else []
    return [configure, f"cmake --build {_FOLDER}"], _FOLDER, saw


def _steps(presets: list[Preset]) -> tuple[list[str], str, list[str]]:
    """Return the commands of a build by presets, and its folder."""
    names = [one.name for one in presets]
    first = presets[0]
    if set(names) >= set(PROFILES):
        first = next(one for one in presets if one.name == DEBUG)
        other = next(one for one in presets if one.name == RELEASE)
        if first.folder.replace(DEBUG, RELEASE) == other.folder:
            place = first.folder.replace(DEBUG, "{profile}")
            steps = ["cmake --preset {profile}", f"cmake --build {place}"]
            return steps, place, [f"{_PRESETS}: presets debug and release"]
    steps = [f"cmake --preset {first.name}", f"cmake --build {first.folder}"]
    others = f", of {', '.join(names)}" if len(names) > 1 else ""
    return steps, first.folder, [f"{_PRESETS}: preset {first.name}{others}"]


def _families(steps: list[str], binaries: dict[str, str]) -> tuple[Family, ...]:
    """Return a table for several programs, where their places differ in nothing but a name."""
    places = [_place(name, elf) for name, elf in binaries.items()]
    if len(places) == 1 or len(set(places)) != 1:
        return ()
    command = " && ".join(steps)
    return (Family(name="apps", command=command, elf=places[0], binaries=tuple(binaries)),)


def _place(name: str, elf: str) -> str:
    folder, _, file = elf.rpartition("/")
    folder = re.sub(rf"(?<=/){re.escape(name)}(?=/|$)", "{binary}", folder)
    return f"{folder}/{{binary}}{file.removeprefix(name)}"


def _binaries(tree: Path, folder: str) -> dict[str, str]:
    """Map each program to its place; one whose name, or place, CMake computes is left out."""
    found: dict[str, str] = {}
    top = _COMMENT.sub("", read(tree / _FILE))
    project, suffix, output = _PROJECT.search(top), _SUFFIX.search(top), _OUTPUT.search(top)
    for path in files_of(tree):
        if path.name != _FILE or len(found) > _MOST:
            continue
        text = _COMMENT.sub("", read(path))
        own = _OWN_SUFFIX.search(text) or _SUFFIX.search(text) or suffix
        where = _where(folder, path.parent.relative_to(tree).as_posix(), output)
        for name, rest in _EXECUTABLE.findall(text):
            named = _named(name, _PROJECT.search(text) or project)
            if not ("$" in named + where or {"IMPORTED", "ALIAS"} & set(rest.split())):
                found[named] = f"{where}/{named}{own[1] if own else ''}"
    return found


def _where(folder: str, below: str, output: re.Match[str] | None) -> str:
    if output:
        place = output[1].strip('"')
        for variable in ("${CMAKE_BINARY_DIR}", "${PROJECT_BINARY_DIR}"):
            place = place.replace(variable, folder)
        return place.replace("${CMAKE_SOURCE_DIR}/", "")
    return folder if below == "." else f"{folder}/{below}"


def _named(name: str, project: re.Match[str] | None) -> str:
    name = name.strip('"')
    for variable in ("${PROJECT_NAME}", "${CMAKE_PROJECT_NAME}"):
        name = name.replace(variable, project[1].strip('"') if project else variable)
    return name


def _questions(presets: list[Preset], toolchains: list[str], known: object) -> list[Question]:
    questions = []
    names = [one.name for one in presets]
    if len(names) > 1 and not set(names) >= set(PROFILES):
        lines = (f'command = "cmake --preset {names[0]} && cmake --build {presets[0].folder}"',)
        questions.append(Question(text=f"which preset: {', '.join(names)}?", lines=lines))
    if len(toolchains) > 1 and not presets:
        lines = (f'command = "cmake -DCMAKE_TOOLCHAIN_FILE={toolchains[0]} ..."',)
        text = f"which toolchain file: {', '.join(toolchains)}?"
        questions.append(Question(text=text, lines=lines))
    if not known:
        folder = presets[0].folder if presets else _FOLDER
        lines = (f'elf = "{folder}/firmware.elf"',)
        questions.append(Question(text="which file does the build leave?", lines=lines))
    return questions
