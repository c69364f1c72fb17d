import pytest

from flyte_testkit import errors
from flyte_testkit.errors import close_names, suggests_keywords
from flyte_testkit.server import FakeFlyteAdmin


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
