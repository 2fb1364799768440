"""Containment: a program that runs firmware reaches only the files of a list.

``access`` is the list. On this machine one of the ``ways`` holds a program to it: ``landlock``, or
``bubblewrap``. In a container ``perl`` does, by Landlock too.
"""

from pytest_karatos.containment.access import Access

__all__ = ["Access"]
