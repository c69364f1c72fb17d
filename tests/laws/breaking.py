"""What a suite of laws tells of the one that its code breaks, and the test that is part of it."""

import functools

import pytest
from hypothesis import settings

from flyte_testkit.errors import BrokenLaw


@functools.cache
def told(base, law, **options):
    phases = settings().phases if options else base.settings.phases
    body = {
        "__module__": base.__module__,
        "settings": settings(base.settings, phases=phases, **options),
    }
    suite = type(base.__name__, (base,), body)
    with pytest.raises(BrokenLaw) as broken:
        getattr(suite(), law)()
    return str(broken.value)


def pasted(text):
    return text.split("A test that shows it again:\n\n", 1)[1]
