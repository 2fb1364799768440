"""Builders: from sources to an ELF, one file per way of building.

A request passes the files in this order: ``choose`` picks the builder; ``caching`` computes the
content key and asks the ``cache``; what is missing is built in a ``tree``, kept by ``workspace``
in step with the sources (``memory_template`` rendered), by the tools of the ``host`` or in a
``container`` of the builder ``image``, with a ``layer`` of what the settings add to it.
``prebuilt`` builds nothing.
"""
