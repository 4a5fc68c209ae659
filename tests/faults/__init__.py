"""Drills: each module is one fault that is brought about, and what must hold all the same.

    ON = ("sqlite", "postgresql")                the databases on which the drill makes sense
    FULL = {"kills": 100, "writes": 20_000}      what `make drill` calls it with
    SHORT_ON = ("sqlite",)                       those on which the suite calls it, if not all
    SHORT = {"kills": 1, "writes": 100}          what the suite calls it with; some seconds
    TOGETHER = True                              where both databases may have their turn at once
    WAITS = True                                 where the suite may run it beside others that wait
    def drill(rig, *, kills, writes): ...        returns an Outcome

See `rig` for what a drill has, `traffic` for clients that know what was acknowledged to them, and
`askers` for those who only ask.
"""

import importlib
import pkgutil

_FRAME = ("__main__", "askers", "attacks", "crowd", "disks", "rig", "traffic")


def modules():
    """Return the drills by name."""
    names = [each.name for each in pkgutil.iter_modules(__path__) if each.name not in _FRAME]
    return {name: importlib.import_module(f"faults.{name}") for name in sorted(names)}
