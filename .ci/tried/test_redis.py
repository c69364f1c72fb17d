"""With fakeredis as its server keys and locks expire on the clock; a real Redis is another process, whose time is real."""

import time

import fakeredis
import pytest
from redis.exceptions import LockNotOwnedError

from flyte_testkit import running


@pytest.fixture
def redis():
    return fakeredis.FakeRedis()


def run_once(redis, remote, day):
    """The code under test: launches a day's run unless somebody else has."""
    with redis.lock(f"nightly-{day}", timeout=600, blocking_timeout=60):
        if not redis.exists(day):
            plan = remote.fetch_launch_plan(name="nightly")
            name = remote.execute(plan, inputs={}).id.name
            redis.set(day, name, ex=86_400)
    return redis.get(day).decode()


def test_a_day_is_launched_once_until_its_key_expires(flyte_admin, flyte_client, redis):
    nightly = flyte_admin.on_launch("nightly").always_plays(running(600).succeeds())

    first = run_once(redis, flyte_client, "monday")
    time.sleep(86_000)
    assert run_once(redis, flyte_client, "monday") == first
    time.sleep(401)
    assert run_once(redis, flyte_client, "monday") != first
    assert len(nightly.launches) == 2


def test_a_lock_that_somebody_holds_is_waited_for_on_the_clock(flyte_clock, redis):
    with redis.lock("nightly", timeout=600):
        assert not redis.lock("nightly", sleep=1).acquire(blocking_timeout=60)
    assert 59 <= flyte_clock.elapsed <= 60


def test_a_lock_that_is_held_for_too_long_is_lost(flyte_clock, redis):
    lock = redis.lock("nightly", timeout=600)
    lock.acquire()
    time.sleep(601)
    with pytest.raises(LockNotOwnedError):
        lock.release()
