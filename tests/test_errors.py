import pytest

from flyte_testkit import errors, failures, literals, running
from flyte_testkit.client import LiteralsResolver
from flyte_testkit.client._reading import shape
from flyte_testkit.client._waiting import seconds_of
from flyte_testkit.client._writing import literal_of
from flyte_testkit.errors import close_names, shown, suggests_keywords
from flyte_testkit.failures import Failure
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.timeline import Timeline, require_timeline


@suggests_keywords
def verb(message, /, *, kind="USER", code=""):
    return message.upper() + kind + code


def test_a_near_miss_is_named():
    assert close_names("nightyl", ["nightly", "hourly"]) == " Did you mean 'nightly'?"
    assert close_names("weekly-report", ["nightly"]) == ""


def test_an_unknown_keyword_is_refused_with_the_one_that_was_meant():
    with pytest.raises(TypeError) as caught:
        verb("boom", knd="SYSTEM")

    assert str(caught.value) == (
        "verb() got an unexpected keyword argument 'knd'. Did you mean 'kind'?\n"
        "It takes code=, kind=."
    )


def test_a_verb_that_is_called_rightly_answers():
    assert verb("boom", kind="SYSTEM") == "BOOMSYSTEM"


def test_other_type_errors_are_left_alone():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        verb()
    with pytest.raises(TypeError, match="can only concatenate"):
        verb("boom", kind=7)


def test_the_verbs_of_the_server_suggest_their_keywords():
    with pytest.raises(TypeError, match=r"'strickt'\. Did you mean 'strict'"):
        FakeFlyteAdmin(strickt=False)
    with pytest.raises(TypeError, match=r"'input'\. Did you mean 'inputs'"):
        FakeFlyteAdmin(strict=False).register("nightly", input={})


def test_all_of_our_exceptions_have_one_root():
    classes = [getattr(errors, name) for name in errors.__all__]
    raised = [c for c in classes if isinstance(c, type) and issubclass(c, BaseException)]

    assert all(
        issubclass(c, errors.FlyteTestkitError) for c in raised if c is not errors.HopelessWait
    )
    assert not issubclass(errors.HopelessWait, Exception)  # retry loops swallow those


def test_a_long_value_is_shown_without_its_middle():
    assert shown([1, "a"]) == "[1, 'a']"
    assert shown("x" * 3_000_000, limit=16) == "'xxxxxxx…xxxxxxx' (3,000,002 letters)"
    assert len(shown({"model": b"0" * 3_000_000})) < 300


def test_a_value_whose_repr_raises_is_named_by_its_class():
    class Broken:
        def __repr__(self):
            raise ValueError

    assert shown(Broken()) == "<Broken whose repr raises ValueError>"


@pytest.mark.parametrize(
    "statement",
    [
        "from flyte_testkit import runing",
        "import flyte_testkit; flyte_testkit.runing",
        "from flyte_testkit import (failures, runing)",
    ],
)
def test_a_misspelt_word_of_the_door_is_told_which_was_meant(statement):
    with pytest.raises((ImportError, AttributeError), match=r"Did you mean 'running'\?"):
        exec(statement)  # noqa: S102  an import that fails


def test_a_misspelt_submodule_is_told_which_was_meant():
    with pytest.raises(ImportError, match=r"'sever' from 'flyte_testkit'\. Did you mean 'server'"):
        exec("from flyte_testkit import sever")  # noqa: S102  an import that fails


def test_what_the_door_has_not_can_be_asked_for():
    import flyte_testkit

    assert not hasattr(flyte_testkit, "runing")
    assert getattr(flyte_testkit, "runing", 7) == 7


def test_the_door_tells_its_version():
    from importlib.metadata import version

    import flyte_testkit

    assert flyte_testkit.__version__ == version("flyte-testkit")


BIG = "x" * 3_000_000


def big_messages():
    """Errors of ours that name a value of megabytes."""
    yield lambda: literals.literal(BIG, literals.literal_type(float))
    yield lambda: literals.literal([BIG], literals.literal_type(list[int]))
    yield lambda: literals.literal(BIG, literals.literal_type(int | None))
    yield lambda: running(60).fails([BIG])
    yield lambda: running(60).succeeds(BIG)
    yield lambda: running(60).succeeds(o0=BIG).running()
    yield lambda: require_timeline(BIG, "this")
    yield lambda: Timeline.parse([BIG])
    yield lambda: Timeline.parse(BIG)
    yield lambda: Timeline.parse(f"SUCCEEDED {BIG!r} {BIG}")
    yield lambda: seconds_of(BIG, "timeout")
    yield lambda: failures.timeout_expired(after=BIG)
    yield lambda: failures.parse(BIG)
    yield lambda: running(BIG)
    yield lambda: Failure("x", kind=BIG)
    yield lambda: shape(BIG, int)
    yield lambda: literal_of(BIG, literals.literal_type(float))
    yield lambda: literal_of(BIG, literals.literal_type(int | None))
    yield lambda: LiteralsResolver({})[BIG]


@pytest.mark.parametrize("act", list(big_messages()))
def test_no_message_shows_megabytes(act):
    with pytest.raises(Exception) as caught:  # noqa: PT011  each is another
        act()

    assert len(str(caught.value)) < 3_000


def test_no_repr_of_the_client_shows_megabytes(flyte_admin, flyte_client):
    flyte_admin.add_execution("big", running(1).succeeds(model=BIG[:1_500_000]))
    execution = flyte_client.wait(flyte_client.fetch_execution(name="big"))

    assert execution.outputs["model"] == BIG[:1_500_000]
    assert len(repr(execution.outputs)) < 1_000
    assert len(repr(execution.outputs.literals["model"])) < 30_000
    assert len(str(execution)) < 10_000
