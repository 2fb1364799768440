"""Baselines: figures that were accepted, in a file of the user's repository.

A figure passes: each process judges what it measured by what the file said when the run began
(``judge``, asked by :class:`pytest_karatos.measure.budget.Budgets`), with what grew (``symbols``);
its figures go to the controller with the reports, which alone decides what is recorded or pinned
anew (``pinning``) and writes the file whole (``file``). ``row`` is one line of it.
"""
