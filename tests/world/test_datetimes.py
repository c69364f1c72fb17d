from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by, local_time

UTC = timezone.utc
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")
START = datetime(2024, 1, 1, tzinfo=UTC)
METHODS = {(kind, name): vars(kind)[name] for kind in (date, datetime) for name in vars(kind)}


class Stamp(datetime):
    """A class from before any world."""


class Day(date):
    pass


# Values


def test_a_datetime_is_exact(clock, governed):
    clock.advance(0.123457)
    for _ in range(5):
        assert datetime.now(UTC) == clock.now()
    assert datetime.utcnow() == clock.now().replace(tzinfo=None)
    assert datetime.now().astimezone(UTC) == clock.now()
    assert datetime.now().timestamp() == clock.now().timestamp()
    assert date.today() == datetime.now().date()


def test_a_datetime_passes_for_a_real_one(governed):
    now = datetime.now(UTC)
    assert repr(now) == "datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"
    assert str(type(now)) == "<class 'datetime.datetime'>"
    assert type(now) == datetime  # noqa: E721  the comparison is the point
    assert datetime == type(now)  # noqa: E721
    assert {datetime: 1}[type(now)] == 1
    assert type(now) != date  # noqa: E721
    assert isinstance(START, type(now))
    assert issubclass(datetime, type(now))
    assert not isinstance(date(2024, 1, 1), type(now))
    assert not hasattr(now, "__dict__")
    assert f"{now:%Y-%m-%d %H:%M}" == "2024-01-01 00:00"
    assert str(now) == str(START)
    assert now.isoformat() == START.isoformat()
    assert json.dumps(now, default=str) == json.dumps(START, default=str)


def test_a_datetime_equals_and_hashes_by_value(governed):
    one, other = datetime.now(UTC), datetime.now(UTC)
    assert one == other == START
    assert hash(one) == hash(other) == hash(START)
    assert len({one, other, START}) == 1
    assert one is not other


def test_a_datetime_is_neither_before_nor_after_a_real_one_of_its_value(governed):
    now = datetime.now(UTC)
    assert not now < START
    assert not now > START
    assert now <= START <= now
    assert now >= START >= now
    assert now - timedelta(microseconds=1) < START < now + timedelta(microseconds=1)


def test_datetimes_that_cannot_be_compared_cannot_here(governed):
    with pytest.raises(TypeError, match="offset-naive and offset-aware"):
        datetime.now() < datetime.now(UTC)  # noqa: B015
    with pytest.raises(TypeError):
        datetime.now() < 5  # noqa: B015
    with pytest.raises(TypeError):
        datetime.now() + 5
    assert datetime.now() != datetime.now(UTC)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "change",
    [
        lambda at: at,
        lambda at: at + timedelta(seconds=60) - timedelta(seconds=60),
        lambda at: timedelta(0) + at,
        lambda at: at.astimezone(),
        lambda at: at.astimezone(UTC),
        lambda at: at.astimezone(BERLIN),
        lambda at: at.astimezone(BERLIN).replace(tzinfo=None),
        lambda at: at.replace(tzinfo=None),
        lambda at: at.replace(tzinfo=UTC, fold=0),
        copy.copy,
        copy.deepcopy,
        lambda at: copy.deepcopy([at])[0],
    ],
)
def test_the_order_of_readings_survives(governed, change):
    readings = [datetime.now(UTC) for _ in range(20)]
    changed = [change(reading) for reading in readings]
    assert all(a < b and b > a for a, b in pairwise(changed))
    assert not any(b <= a or a >= b for a, b in pairwise(changed))
    shuffled = random.Random(1).sample(changed, 20)  # noqa: S311  no secrets here
    assert [id(it) for it in sorted(shuffled)] == [id(it) for it in changed]


@pytest.mark.parametrize(
    "change",
    [
        lambda at: at.replace(microsecond=0),
        lambda at: at.replace(2024),
        lambda at: datetime.combine(at.date(), at.time(), at.tzinfo),
        lambda at: datetime.fromisoformat(at.isoformat()),
        lambda at: datetime.fromtimestamp(at.timestamp(), UTC),
        lambda at: pickle.loads(pickle.dumps(at)),  # noqa: S301  our own bytes
    ],
)
def test_what_has_become_another_value_has_no_order(governed, change):
    first, second = change(datetime.now(UTC)), change(datetime.now(UTC))
    assert first == second
    assert not first < second
    assert first >= second


def test_a_pickle_can_be_read_anywhere(governed):
    now = datetime.now(UTC)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(now, protocol))  # noqa: S301  our own bytes
        assert (back, type(back) is datetime) == (now, True)
        assert b"flyte_testkit" not in pickle.dumps(now, protocol)


def test_what_is_left_until_a_deadline_is_exact(clock, governed):
    deadline = datetime.now() + timedelta(seconds=100)
    assert deadline - datetime.now() == timedelta(seconds=100)
    assert type(deadline - datetime.now()) is timedelta


def test_databases_and_dispatch_by_type_take_it(governed):
    @functools.singledispatch
    def kind(_):
        return "other"

    kind.register(datetime, lambda _: "datetime")
    kind.register(date, lambda _: "date")
    assert kind(datetime.now()) == "datetime"
    assert kind(date.today()) == "date"
    with sqlite3.connect(":memory:") as base:
        sqlite3.register_adapter(datetime, lambda at: at.isoformat())
        try:
            [[found]] = base.execute("select ?", [datetime.now(UTC).replace(tzinfo=None)])
        finally:
            sqlite3.adapters.pop((datetime, sqlite3.PrepareProtocol))
    base.close()
    assert found == "2024-01-01T00:00:00"


def test_the_clock_change_is_seen(clock):
    clock.move_to(datetime(2024, 11, 3, 5, 59, 50, tzinfo=UTC))
    with local_time("America/New_York"), governed_by(clock):
        before = datetime.now()
        clock.advance(60)
        after = datetime.now()
    assert (before.fold, after.fold) == (0, 1)
    assert after < before
    assert repr(after) == "datetime.datetime(2024, 11, 3, 1, 0, 50, fold=1)"
    assert pickle.loads(pickle.dumps(after)).fold == 1  # noqa: S301  our own bytes


# Classes


def test_the_classes_stay_what_they_are(governed):
    assert dt.datetime is datetime is type(START)
    assert dt.date is date
    assert type(datetime(2024, 1, 1)) is datetime
    assert type(date.today()) is date


def test_subclasses_from_before_read_the_clock(clock, governed):
    clock.advance(3600)
    for stamp in (
        Stamp.now(UTC),
        Stamp.utcnow().replace(tzinfo=UTC),
        Stamp.today().astimezone(UTC),
    ):
        assert stamp == clock.now()
        assert type(stamp) is Stamp
    assert (Day.today(), type(Day.today())) == (date.today(), Day)


def test_a_subclass_may_say_itself_what_now_is(governed):
    class Coarse(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz).replace(minute=30)

    assert (Coarse.now(UTC).minute, type(Coarse.now(UTC))) == (30, Coarse)


def test_classes_made_in_a_world_live_on(clock):
    with governed_by(clock):

        class Late(datetime):
            made = datetime.now()

            def age(self, now=datetime.now):
                return now() - self

        class LateDay(date):
            pass

        class Odd(type(datetime.now())):
            pass

        late = Late.now()
        registry = {datetime: "datetime", type(Late.made): "reading"}
    assert Late.__mro__[1] is datetime
    assert registry == {datetime: "reading"}
    assert Late.now() > late
    assert late.age() > timedelta(0)
    assert Late.now().year == datetime.now().year
    assert LateDay.today() == date.today()
    assert Odd.now() > Odd(2024, 1, 1)
    assert datetime.now() > Late.made
    assert Late.made.now() > Late.made
    assert Late.made + timedelta(1) > Late.made.replace(day=1)


def test_everything_of_the_classes_is_as_before(clock):
    with pytest.raises(ValueError, match="on purpose"), governed_by(clock):
        assert vars(datetime)["now"] is not METHODS[datetime, "now"]
        raise ValueError("on purpose")
    assert {(kind, name): vars(kind)[name] for kind, name in METHODS} == METHODS
    assert {name for kind in (date, datetime) for name in vars(kind)} == {n for _, n in METHODS}


def test_code_that_has_run_hot_notices_the_change(clock):
    def poll():
        return datetime.now(), Stamp.now(), date.today()

    for _ in range(3):
        for _ in range(100):
            real = poll()
        with governed_by(VirtualClock()):
            for _ in range(100):
                virtual = poll()
        assert all(at.year <= 2024 for at in virtual)
        assert all(at.year > 2024 for at in real)


def test_threads_that_take_part_read_the_clock(clock, governed):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(datetime.now(UTC)))
    thread.start()
    thread.join()
    assert seen == [clock.now()]


def test_the_machinery_reads_real_time(governed):
    space = {"__name__": "grpc._channel", "datetime": datetime, "date": date}
    exec("read = lambda: (datetime.now(), datetime.utcnow(), date.today())", space)  # noqa: S102
    assert all(at.year > 2024 for at in space["read"]())


def test_time_zones_of_their_own_are_asked(governed):
    class Odd(tzinfo):
        def utcoffset(self, _):
            return timedelta(minutes=7)

        def dst(self, _):
            return timedelta(0)

    assert datetime.now(Odd()).minute == 7
    assert datetime.now(tz=Odd()) == START


LEFT_OPEN = """
import atexit, sys
from datetime import date, datetime, timezone
from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by

class Late:
    def __del__(self):
        datetime.now(), date.today()

late = Late()
atexit.register(lambda: print(datetime.now(timezone.utc).year, flush=True))
governed_by(VirtualClock()).__enter__()
sys.exit(3)
"""


def test_a_process_may_end_inside_a_world():
    command = [sys.executable, "-X", "dev", "-c", LEFT_OPEN]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "2024\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_can_read(governed):
    child = os.fork()
    if not child:
        os._exit(0 if datetime.now() and Stamp.now() and date.today() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.usefixtures("small_heap")  # it is searched each time: these threads hold what is asked
def test_worlds_come_and_go_while_other_threads_read():
    going, seen = True, set()

    def read():
        while going:
            seen.update((datetime.now().year, Stamp.utcnow().year, date.today().year))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with governed_by(VirtualClock()):
            Stamp.now()
    going = False
    for thread in threads:
        thread.join()
    assert all(year >= 2023 for year in seen)
    assert vars(datetime)["now"] is METHODS[datetime, "now"]
