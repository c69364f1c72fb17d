import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from flyte_testkit import laws
from flyte_testkit.laws import event_refusal

BRIEF = settings(
    derandomize=True, max_examples=8, stateful_step_count=15, deadline=None, database=None
)

TestMachine = laws.FlyteAdminMachine.TestCase
TestMachine.settings = BRIEF


class Sweeper(laws.FlyteAdminMachine):
    """A sweeper that is said to terminate whatever has not ended, and sees only what runs."""

    @rule(execution=laws.FlyteAdminMachine.executions)
    def sweep(self, execution):
        told = self.model[execution]
        if told.phase == "RUNNING":
            self.admin.terminate(execution, "swept")
        if told.phase not in {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "ABORTING"}:
            told.phase, told.cause = "ABORTING", "swept"


def test_the_model_finds_what_a_rule_of_ours_forgets():
    unshrunk = settings(BRIEF, max_examples=50, phases=[Phase.generate])

    with pytest.raises(AssertionError, match=r"the server shows .*, the model .*ABORTING"):
        run_state_machine_as_test(Sweeper, settings=unshrunk)


@pytest.mark.parametrize(
    ("current", "coming", "code"),
    [
        ("UNDEFINED", "RUNNING", None),
        ("UNDEFINED", "UNDEFINED", "ALREADY_EXISTS"),
        ("QUEUED", "QUEUED", None),
        ("RUNNING", "QUEUED", "FAILED_PRECONDITION"),
        ("RUNNING", "UNDEFINED", None),
        ("SUCCEEDING", "RUNNING", None),
        ("ABORTING", "RUNNING", "FAILED_PRECONDITION"),
        ("ABORTING", "SUCCEEDED", None),
        ("SUCCEEDED", "SUCCEEDED", "ALREADY_EXISTS"),
        ("SUCCEEDED", "QUEUED", "FAILED_PRECONDITION"),
    ],
)
def test_the_model_knows_the_phase_rules(current, coming, code):
    assert event_refusal(current, coming) == code
