"""`timezone.now()`, `auto_now_add`, sessions and the cache of `locmem` are virtual; the database's own `Now()` is real."""

import time
from datetime import datetime, timezone

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from shop.models import Run

from flyte_testkit import running

OPTIONS = ("--ds", "settings")


@pytest.mark.django_db
def test_a_view_launches_and_writes_it_down(client, flyte_admin, flyte_env):
    nightly = flyte_admin.on_launch("nightly").plays(running(3600).succeeds())
    time.sleep(600)

    answer = client.post("/launch/nightly")

    run = Run.objects.get(name=answer.json()["name"])
    assert run.name == nightly.launches[0].id.name
    assert run.launched == datetime(2024, 1, 1, 0, 10, tzinfo=timezone.utc)


@pytest.mark.django_db
def test_a_view_waits_for_virtual_hours(client, flyte_admin, flyte_env):
    flyte_admin.add_execution("train", running(3600).succeeds())

    assert client.get("/wait/train").json() == {"ok": True, "seconds": 3600.0}


def test_the_cache_forgets_after_virtual_hours(flyte_clock):
    cache.set("train", "RUNNING", timeout=3600)
    time.sleep(3599)
    assert cache.get("train") == "RUNNING"
    time.sleep(2)
    assert cache.get("train") is None


@pytest.mark.django_db
def test_the_databases_own_time_is_real(flyte_clock):
    Run.objects.create(name="train")

    run = Run.objects.annotate(read=Now()).get()

    assert run.launched.year == 2024
    assert run.read.year > 2024
