"""The application: launches runs, and waits for them."""

import time

from django.http import JsonResponse
from django.urls import path
from django.utils import timezone

from flyte_testkit.client import FlyteRemote
from shop.models import Run

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


def launch(request, plan):
    """Launch a run, and write it down."""
    with FlyteRemote.auto(**HOME) as remote:
        run = remote.execute(remote.fetch_launch_plan(name=plan), inputs={})
    Run.objects.create(name=run.id.name)
    return JsonResponse({"name": run.id.name})


def wait(request, name):
    """Answer when a run is over."""
    began = timezone.now()
    with FlyteRemote.auto(**HOME) as remote:
        while not (run := remote.fetch_execution(name=name)).is_done:
            time.sleep(30)
    seconds = (timezone.now() - began).total_seconds()
    return JsonResponse({"ok": run.is_successful, "seconds": seconds})


urlpatterns = [path("launch/<plan>", launch), path("wait/<name>", wait)]
