from datetime import timedelta
from importlib.util import find_spec

import pytest
from flyteidl.admin import schedule_pb2

from flyte_testkit.errors import RegistrationError
from flyte_testkit.schedules import schedule_message


def test_a_text_is_a_cron_expression():
    assert schedule_message("0 8 * * *").cron_schedule.schedule == "0 8 * * *"


@pytest.mark.parametrize(
    ("every", "value", "unit"),
    [
        (timedelta(minutes=5), 5, "MINUTE"),
        (timedelta(minutes=90), 90, "MINUTE"),
        (timedelta(hours=6), 6, "HOUR"),
        (timedelta(days=7), 7, "DAY"),
    ],
)
def test_a_span_is_a_fixed_rate_of_the_largest_unit(every, value, unit):
    rate = schedule_message(every).rate

    assert (rate.value, schedule_pb2.FixedRateUnit.Name(rate.unit)) == (value, unit)


def test_messages_and_none_are_themselves():
    message = schedule_pb2.Schedule(kickoff_time_input_arg="at")

    assert schedule_message(message) is message
    assert schedule_message(None) is None


@pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")
def test_flytekits_schedules_are_taken():
    from flytekit import CronSchedule, FixedRate

    cron = CronSchedule(schedule="@daily", kickoff_time_input_arg="at")

    assert schedule_message(cron).cron_schedule.schedule == "@daily"
    assert schedule_message(cron).kickoff_time_input_arg == "at"
    assert schedule_message(FixedRate(duration=timedelta(hours=1))).rate.value == 1


@pytest.mark.parametrize(
    "every", [timedelta(seconds=90), timedelta(0), timedelta(minutes=-1), timedelta(seconds=1)]
)
def test_a_rate_that_flyte_has_not_is_refused(every):
    with pytest.raises(RegistrationError, match="Give it whole minutes, and at least one"):
        schedule_message(every)


@pytest.mark.parametrize("schedule", [5, "", " ", True, ["@daily"], object, timedelta])
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(RegistrationError, match=r"is no schedule\.\nWrite a cron expression"):
        schedule_message(schedule)
