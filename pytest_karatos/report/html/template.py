"""The page's templates: the one place where text becomes markup, and is escaped for it."""

from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

from pytest_karatos.text import printable

_TEMPLATES = files("pytest_karatos") / "resources" / "html"


def render(name: str, **values: object) -> str:
    """Fill the template ``name``; every text in ``values`` is escaped, whatever it holds.

    >>> "<script>" in render("text.jinja2", text="<script>", css="")
    False
    """
    return _environment().get_template(name).render(**values)


@cache
def style() -> Markup:
    """Return the page's style sheet: our own file, the only text that is not escaped."""
    return Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (_TEMPLATES / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_fit,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _fit(value: object) -> object:
    """Spell out what a browser would act on, or a UTF-8 file could not hold."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
