"""Launches and the scripts they get: what is planted before, and what can be read afterwards.

A :class:`LaunchRoute` is stub and spy in one: the object that scripts launches is the object that
remembers them. Routes know launch plans by name and scripts by value; they are ignorant of how a
script is played, of what is registered and of the network.
"""

from __future__ import annotations

from flyte_testkit.launches._criteria import Criteria
from flyte_testkit.launches._launch import Launch
from flyte_testkit.launches._route import LaunchRoute, Planting, UnscriptedLaunch
from flyte_testkit.launches._routes import Routes
from flyte_testkit.launches._scripts import Played, Script, require_played

__all__ = [
    "Criteria",
    "Launch",
    "LaunchRoute",
    "Planting",
    "Played",
    "Routes",
    "Script",
    "UnscriptedLaunch",
    "require_played",
]
