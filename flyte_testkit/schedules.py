"""When a launch plan runs by itself, as tests write it: a cron expression or a span of time.

Flyte's own form and flytekit's classes are taken as well. Ignorant of launch plans, and of what a
cron expression may say: FlyteAdmin judges that.
"""

from __future__ import annotations

from datetime import timedelta

from flyteidl.admin import schedule_pb2

from flyte_testkit.errors import RegistrationError, shown

__all__ = ["schedule_message"]

_UNITS = (
    (timedelta(days=1), schedule_pb2.DAY),
    (timedelta(hours=1), schedule_pb2.HOUR),
    (timedelta(minutes=1), schedule_pb2.MINUTE),
)


def schedule_message(schedule: object) -> schedule_pb2.Schedule | None:
    """Return a schedule as a launch plan carries it; None stays None.

    Args:
        schedule: A cron expression (``"0 8 * * mon-fri"``, ``"@daily"``), a ``timedelta``, a
            ``Schedule`` message, or flytekit's ``CronSchedule`` or ``FixedRate``.

    Raises:
        RegistrationError: It is no schedule, or one that Flyte has not.

    Example:
        >>> print(schedule_message(timedelta(hours=6)), end="")
        rate {
          value: 6
          unit: HOUR
        }
    """
    if schedule is None or isinstance(schedule, schedule_pb2.Schedule):
        return schedule
    if isinstance(schedule, str) and schedule.strip():
        return schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=schedule))
    if isinstance(schedule, timedelta):
        return _rate(schedule)
    convert = getattr(schedule, "to_flyte_idl", None)
    message = convert() if callable(convert) and not isinstance(schedule, type) else None
    if isinstance(message, schedule_pb2.Schedule):
        return message
    raise RegistrationError(
        f"schedule={shown(schedule)} is no schedule.\n"
        "Write a cron expression such as '0 8 * * *' or '@daily', or timedelta(hours=6)."
    )


def _rate(every: timedelta) -> schedule_pb2.Schedule:
    for unit, name in _UNITS:
        if every >= unit and not every % unit:
            rate = schedule_pb2.FixedRate(value=every // unit, unit=name)
            return schedule_pb2.Schedule(rate=rate)
    raise RegistrationError(
        f"schedule={every!r}: Flyte runs what it runs by itself every so many minutes, hours or "
        "days.\nGive it whole minutes, and at least one."
    )
