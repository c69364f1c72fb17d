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


def fails_again(pytester, bugs):
    """Run what is told of each bug, pasted into files, and see each fail by what it asserts.

    Args:
        pytester: What runs it, where the code that has the bugs can be imported.
        bugs: The base and the law of each, by its name.

    Returns:
        What pytest printed.
    """
    pytester.makepyfile(**{f"test_{bug}": pasted(told(*broken)) for bug, broken in bugs.items()})

    result = pytester.runpytest_inprocess(
        *("-p", "no:randomly", "-p", "no:xdist", "-p", "no:asyncio", "-q", "-Werror")
    )

    text = result.stdout.str()
    result.assert_outcomes(failed=len(bugs))
    assert "NameError" not in text
    assert "ImportError" not in text
    assert "coroutine object" not in text
    for bug in bugs:
        assert f"test_{bug}.py" in text
    return text
