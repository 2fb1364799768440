"""A tree that make builds, and which ELFs its Makefile speaks of."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pytest_karatos.cli.detect.found import Family, Found, Question, foreign
from pytest_karatos.cli.detect.makefile import GAP, Makefile

_NAMES = ("GNUmakefile", "makefile", "Makefile")
_ELF = re.compile(r"[\w./-]+\.(?:elf|axf)(?![\w.])")
_PATTERN = re.compile(r"([\w./-]*)%([\w./-]*\.(?:elf|axf))")
#: Variables by which one Makefile builds one of several programs.
_CHOICE = re.compile(
    r"(?:APP|APPS?_?NAME|APPLICATION|EXAMPLE|PROGRAM|PROJECT|DEMO|TEST)", re.IGNORECASE
)
_BINARY = "{binary}"


def recognise(tree: Path) -> Found | None:
    """Recognise a Makefile; its default goal is taken for the build, where that makes the ELFs."""
    name = next((one for one in _NAMES if (tree / one).is_file()), "")
    if not name:
        return None
    made = Makefile(tree=tree, file=name)
    elves = elves_of(made)
    families = [one for one in (_chosen(made, elves), _many(made, elves)) if one][:1]
    single = len(elves) == 1 and not families
    builder, why = foreign(made.text)
    return Found(
        saw=tuple(_saw(name, made, elves, families)),
        command="" if families else f"make{_goal(made, elves if single else [])}",
        elf=elves[0] if single else "",
        families=tuple(families),
        hint=made.text,
        builder=builder,
        builder_why=why,
        questions=() if single or families else (_which(elves),),
    )


def _saw(name: str, made: Makefile, elves: list[str], families: list[Family]) -> Iterator[str]:
    yield f"{name}: `make` builds it"
    prefix = made.values.get("CROSS_COMPILE", "")
    if prefix:
        yield f"CROSS_COMPILE is {prefix}"
    if families:
        many = families[0].binaries
        listed = f": {', '.join(many[:8])}" + " ..." * bool(many[8:])
        yield f"{name} makes {families[0].elf}{listed if many else ''}"
    elif len(elves) == 1:
        yield f"{name} makes {elves[0]}"


def _which(elves: list[str]) -> Question:
    if elves:
        text = f"which file is to be booted: {', '.join(elves[:8])}?"
    else:
        text = "which file does `make` leave? (a path or glob, relative to this folder)"
    return Question(text=text, lines=(f'elf = "{elves[0] if elves else "build/firmware.elf"}"',))


def elves_of(made: Makefile) -> list[str]:
    """List the ELFs that a Makefile speaks of; a word with a gap in it has no name."""
    words = [word for rule in made.rules for word in (*rule.targets, *rule.needs)]
    words += [word for rule in made.rules for word in re.split(r"[\s:=,;'\"]+", rule.recipe)]
    words += [word for value in made.values.values() for word in made.expand(value).split()]
    found = (word for word in words if not {GAP, "%", "*"} & set(word))
    named = dict.fromkeys(hit[0] for word in found if (hit := _ELF.search(word)))
    return list(dict.fromkeys(one.removeprefix("./") for one in named))


def _goal(made: Makefile, elves: list[str]) -> str:
    """Return the goals to name, with a blank before; '' where a plain `make` makes the ELFs."""
    by_target = {target: rule for rule in made.rules for target in rule.targets}
    goals = [one for rule in made.rules for one in rule.targets if not one.startswith(".")]
    due, seen, said = goals[:1], set[str](), ""
    while due:
        target = due.pop()
        rule = by_target.get(target)
        if target not in seen and rule is not None:
            due += rule.needs
            said += " ".join((*rule.targets, *rule.needs, rule.recipe))
        seen.add(target)
    left = [one for one in elves if one not in said]
    owners = (_owner(made, one) for one in left)
    return "".join(f" {one}" for one in dict.fromkeys(owners) if one)


def _owner(made: Makefile, elf: str) -> str:
    """Return the goal by which ``elf`` is made: itself, or the target whose recipe names it."""
    if any(elf in (target.removeprefix("./") for target in rule.targets) for rule in made.rules):
        return elf
    named = (rule for rule in made.rules if elf in rule.recipe and rule.targets)
    links = (
        rule.targets[0] for rule in named if re.search(r"-o\s*\S*" + re.escape(elf), rule.recipe)
    )
    return next(links, "")


def _chosen(made: Makefile, elves: list[str]) -> Family | None:
    """Recognise a Makefile that builds one of several programs, by the name in a variable."""
    for name, value in made.defaults.items():
        if _CHOICE.fullmatch(name) and re.fullmatch(r"[\w-]+", value):
            places = [one for one in elves if value in PurePosixPath(one).with_suffix("").parts]
            if len(places) == 1:
                return Family(
                    name="apps",
                    command=f"make {name}={_BINARY}",
                    elf=_in_place_of(value, places[0]),
                    binaries=_like(made.tree, value),
                )
    return None


def _in_place_of(value: str, place: str) -> str:
    return re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", _BINARY, place)


def _like(tree: Path, name: str) -> tuple[str, ...]:
    """List the names of the folders, or of the sources, that lie beside the one of that name."""
    for at in sorted((*tree.glob(f"*/{name}"), *tree.glob(f"*/{name}.[cS]*"))):
        beside = [one for one in at.parent.iterdir() if one.is_dir() == at.is_dir()]
        same = [one for one in beside if at.is_dir() or one.suffix == at.suffix]
        return tuple(sorted(one.stem for one in same if re.fullmatch(r"[\w-]+", one.stem)))
    return (name,)


def _many(made: Makefile, elves: list[str]) -> Family | None:
    """Recognise ELFs whose places differ in nothing but one name, or a rule for any such."""
    for place in _places(elves[0]) if len(elves) > 1 else ():
        names = [_name(place, one) for one in elves]
        if all(names):
            goal = _goal(made, elves)
            return Family(name="apps", command=f"make -k{goal}", elf=place, binaries=tuple(names))
    targets = (target for rule in made.rules for target in rule.targets)
    hits = [hit for one in targets if (hit := _PATTERN.fullmatch(one))]
    if elves or len(hits) != 1:
        return None
    return Family(name="apps", command="make -k", elf=f"{hits[0][1]}{_BINARY}{hits[0][2]}")


def _places(elf: str) -> Iterator[str]:
    """Yield where a name may stand in an ELF's place."""
    path = PurePosixPath(elf)
    parts = path.parent.parts
    if parts and parts[-1] == path.stem:
        yield str(PurePosixPath(*parts[:-1], _BINARY, _BINARY + path.suffix))
    yield str(path.with_name(_BINARY + path.suffix))
    for at in range(len(parts)):
        yield str(PurePosixPath(*parts[:at], _BINARY, *parts[at + 1 :], path.name))


def _name(place: str, elf: str) -> str:
    first, *rest = (re.escape(one) for one in place.split(_BINARY))
    again = "".join(f"(?P=name){one}" for one in rest[1:])
    hit = re.fullmatch(f"{first}(?P<name>[^/]+){rest[0]}{again}", elf)
    return hit["name"] if hit else ""
