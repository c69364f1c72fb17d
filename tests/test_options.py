from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from flyte_testkit import options


def request(*, marks=(), line=None, ini=None):
    """A test's request, as far as options ask it."""
    return SimpleNamespace(
        node=SimpleNamespace(iter_markers=lambda _: iter(marks)),
        config=SimpleNamespace(
            getoption=(line or {}).get,
            getini=lambda key: (ini or {}).get(key, ""),
        ),
    )


def test_nothing_is_chosen_by_default():
    assert options.chosen(request(), options.SERVER) == {}


def test_the_marker_beats_the_command_line_and_that_the_ini_file():
    asked = request(
        marks=[pytest.mark.flyte(seed=1).mark],
        line={"--flyte-seed": "2", "--flyte-project": "shop"},
        ini={"flyte_project": "bakery", "flyte_strict": "no"},
    )

    assert options.chosen(asked, options.SERVER) == {"seed": 1, "project": "shop", "strict": False}


def test_the_pace_is_an_option_as_any_other():
    asked = request(ini={"flyte_pace": "realistic"})

    assert options.chosen(asked, options.SERVER) == {"pace": "realistic"}


def test_the_nearest_marker_counts():
    marks = [pytest.mark.flyte(seed=1).mark, pytest.mark.flyte(seed=2, strict=False).mark]

    assert options.chosen(request(marks=marks), options.SERVER) == {"seed": 1, "strict": False}


def test_the_clock_takes_its_own():
    asked = request(
        line={"--flyte-start": "2030-01-01T00:00:00+00:00", "--flyte-limit": "60"},
        ini={"flyte_idle_sleeps": "7", "flyte_seed": "3"},
    )

    assert options.chosen(asked, options.CLOCK) == {
        "start": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "limit": 60.0,
        "idle_sleeps": 7,
    }


@pytest.mark.parametrize(
    ("flag", "text"),
    [("seed", "many"), ("strict", "perhaps"), ("limit", "x"), ("pace", "slow")],
)
def test_a_text_that_cannot_be_read_is_refused_with_what_it_is_for(flag, text):
    asked = request(line={f"--flyte-{flag}": text})

    with pytest.raises(pytest.UsageError, match=rf"--flyte-{flag}='{text}' .* cannot be read"):
        options.chosen(asked, options.SERVER | options.CLOCK)


@pytest.mark.parametrize("mark", [pytest.mark.flyte(strickt=False), pytest.mark.flyte(7)])
def test_a_marker_that_cannot_be_read_is_refused_with_what_there_is(mark):
    with pytest.raises(pytest.UsageError, match="It takes keywords only, of these: domain, idle"):
        options.chosen(request(marks=[mark.mark]), options.SERVER)


@pytest.mark.parametrize("wrong", [{"strict": "false"}, {"limit": "1d"}, {"seed": "7"}])
def test_a_marker_of_another_type_is_refused_with_what_it_is(wrong):
    (name,) = wrong
    with pytest.raises(pytest.UsageError, match=rf"@pytest\.mark\.flyte\({name}=.*: {name} is"):
        options.chosen(request(marks=[pytest.mark.flyte(**wrong).mark]), options.SERVER)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"marks": [pytest.mark.flyte(transport="dirct").mark]},
            r"@pytest\.mark\.flyte\(transport",
        ),
        ({"line": {"--flyte-transport": "dirct"}}, "--flyte-transport"),
        ({"ini": {"flyte_transport": "dirct"}}, "flyte_transport in an ini file"),
    ],
    ids=["marker", "line", "ini"],
)
def test_a_transport_that_there_is_not_is_refused_with_the_one_that_was_meant(asked, told):
    with pytest.raises(pytest.UsageError, match=rf"(?s){told}.*Did you mean 'direct'\?"):
        options.chosen(request(**asked), options.SERVER)


@pytest.mark.parametrize("wrong", [True, None, 1, b"tcp"])
def test_a_transport_that_is_no_text_is_refused(wrong):
    with pytest.raises(pytest.UsageError, match="transport is how this process calls it"):
        options.chosen(request(marks=[pytest.mark.flyte(transport=wrong).mark]), options.SERVER)


def test_the_command_line_is_read_before_any_test_runs():
    with pytest.raises(pytest.UsageError, match="cannot be read"):
        options.check(request(ini={"flyte_seed": "many"}).config)
