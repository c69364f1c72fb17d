"""The compiler that registration runs: from what clients send to what the engine runs (§5, §6).

:mod:`.tasks` and :mod:`.workflows` are its two doors. A workflow is compiled in stages, each of
which ends the compilation if it collected errors: references (:mod:`.requirements`), the interface,
then everything about the nodes together. Ignorant of requests, rows and time.
"""
