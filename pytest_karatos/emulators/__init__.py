"""Emulators, and the places where they run.

An *emulator* (``qemu/``) knows its program: arguments, control protocol, what it says on stderr. A
*launcher* (``host``, ``container``) knows how a program is started in a place, and ended. A boot
takes one of each: ``choose`` finds them, ``record`` notes what becomes known of it.
"""
