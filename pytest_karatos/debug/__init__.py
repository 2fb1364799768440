"""A look into a stopped machine: registers, memory, and what they mean in the source.

``packets`` frames the gdb remote protocol, ``features`` reads which registers there are, ``gdb``
asks for them; ``archs`` knows from data what each is for; ``symbols`` finds functions and lines;
``stack`` goes from frame to frame, through ``exceptions``; ``faults`` decodes the fault registers;
``debugger`` puts them together.
"""
