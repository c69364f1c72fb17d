from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, NUL, refusal_of
from flyteidl.admin import (
    matchable_resource_pb2,
    project_attributes_pb2,
    project_domain_attributes_pb2,
    workflow_attributes_pb2,
)

from flyte_testkit.admin.projects.attributes import Attributes
from flyte_testkit.admin.projects.resource_manager import ResourceManager

MESSAGES = {
    "project": (project_attributes_pb2, "ProjectAttributes"),
    "project_domain": (project_domain_attributes_pb2, "ProjectDomainAttributes"),
    "workflow": (workflow_attributes_pb2, "WorkflowAttributes"),
}
PLACES = {
    "project": {"project": "p"},
    "project_domain": {"project": "p", "domain": "development"},
    "workflow": {"project": "p", "domain": "development", "workflow": "w"},
}
LEVELS = list(PLACES)
CONFIG = matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG
LABEL = matchable_resource_pb2.EXECUTION_CLUSTER_LABEL
OVERRIDES = matchable_resource_pb2.PLUGIN_OVERRIDE


@pytest.fixture
def resources(store, make):
    return ResourceManager(store)


@pytest.fixture
def update(resources):
    """Updates attributes at a level: ``update("project", execution_cluster_label={…})``."""

    def update(level, *, place=None, **target):
        module, name = MESSAGES[level]
        asked = getattr(module, name)(**PLACES[level] | (place or {}))
        if target:
            asked.matching_attributes.CopyFrom(matchable_resource_pb2.MatchingAttributes(**target))
        request = getattr(module, f"{name}UpdateRequest")(attributes=asked)
        getattr(resources, f"update_{level}_attributes")(request, NOW)

    return update


@pytest.fixture
def ask(resources):
    """Gets or deletes: ``ask("get", "project", LABEL)`` returns the attributes of the reply."""

    def ask(verb, level, kind, **place):
        module, name = MESSAGES[level]
        request = getattr(module, f"{name}{verb.title()}Request")(
            **PLACES[level] | place, resource_type=kind
        )
        reply = getattr(resources, f"{verb}_{level}_attributes")(request, NOW)
        return getattr(reply, "attributes", None)

    return ask


def label(value):
    return {"execution_cluster_label": {"value": value}}


def overrides(*types):
    return {
        "plugin_overrides": {
            "overrides": [{"task_type": name, "plugin_id": [id_]} for name, id_ in types]
        }
    }


def shown_overrides(attributes):
    found = attributes.matching_attributes.plugin_overrides.overrides
    return sorted((override.task_type, *override.plugin_id) for override in found)


@pytest.mark.parametrize("level", LEVELS)
def test_an_update_needs_attributes_and_something_in_them(resources, update, level):
    module, name = MESSAGES[level]
    call = getattr(resources, f"update_{level}_attributes")
    nothing = getattr(module, f"{name}UpdateRequest")()

    assert refusal_of(call, nothing, NOW).message == "missing attributes"
    assert refusal_of(update, level).message == "missing matching_attributes"


@pytest.mark.parametrize(
    ("level", "place"),
    [("project", "p"), ("project_domain", "p-development"), ("workflow", "p-development-w")],
)
def test_quality_of_service_is_no_kind_of_attribute(update, level, place):
    refusal = refusal_of(update, level, quality_of_service={"tier": 1})

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        f"Unrecognized matching attributes type for request {place}",
    )


@pytest.mark.parametrize("level", ["project_domain", "workflow"])
@pytest.mark.parametrize("verb", ["update", "get", "delete"])
def test_below_a_project_all_calls_look_at_project_and_domain(update, ask, make, level, verb):
    make.project("old", state=1)

    def refused(**place):
        if verb == "update":
            return refusal_of(update, level, place=place).message
        return refusal_of(ask, verb, level, LABEL, **place).message

    assert refused(project="nobody").startswith("failed to validate that project [nobody] and ")
    assert refused(project="old") == "project [old] is not active"
    assert refused(domain="") == "domain [] is unrecognized by system"


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_changes_of_a_project_need_it_active_and_say_so_without_a_detail(update, ask, make, verb):
    make.project("old", state=1)

    def refused(project):
        if verb == "update":
            return refusal_of(update, "project", place={"project": project})
        return refusal_of(ask, verb, "project", LABEL, project=project)

    assert refused("old").message == "project [old] is not active"
    assert not refused("old").details
    assert refused("nobody").message == (
        "failed to validate that project [nobody] is registered, err: [project [nobody] not found]"
    )


def test_attributes_of_an_archived_project_can_be_read(ask, update, make):
    update("project", **label("x"))
    make.project(state=1)

    assert ask("get", "project", LABEL).matching_attributes.execution_cluster_label.value == "x"
    assert refusal_of(ask, "get", "project", LABEL, project="nobody").message == (
        "failed to validate that project [nobody] exists, err: [project [nobody] not found]"
    )


@pytest.mark.parametrize("verb", ["update", "get", "delete"])
def test_a_workflow_needs_a_name_before_anything_in_it(update, ask, verb):
    if verb == "update":
        refusal = refusal_of(update, "workflow", place={"workflow": ""})
    else:
        refusal = refusal_of(ask, verb, "workflow", LABEL, workflow="")

    assert refusal.message == "missing name"


@pytest.mark.parametrize(
    ("level", "place"),
    [
        ("project", "Project:p Domain: Workflow:"),
        ("project_domain", "Project:p Domain:development Workflow:"),
        ("workflow", "Project:p Domain:development Workflow:w"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "name"), [(0, "TASK_RESOURCE"), (LABEL, "EXECUTION_CLUSTER_LABEL"), (99, "99")]
)
def test_attributes_that_are_not_there_are_not_found(ask, level, place, kind, name):
    refusal = refusal_of(ask, "get", level, kind)

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        f"Resource [{{{place} LaunchPlan: ResourceType:{name}}}] not found",
    )


def test_a_read_falls_back_to_less_specific_rows_and_names_their_place(ask, update):
    update("project", **label("p"))
    assert ask("get", "workflow", LABEL) == workflow_attributes_pb2.WorkflowAttributes(
        project="p", matching_attributes=matchable_resource_pb2.MatchingAttributes(**label("p"))
    )
    update("project_domain", **label("d"))
    assert ask("get", "workflow", LABEL).domain == "development"
    assert ask("get", "workflow", LABEL).workflow == ""
    update("workflow", **label("w"))
    assert ask("get", "workflow", LABEL).workflow == "w"
    assert ask("get", "project_domain", LABEL).matching_attributes == (
        matchable_resource_pb2.MatchingAttributes(**label("d"))
    )


def test_an_update_replaces_the_whole_of_its_kind(ask, update):
    update("project", workflow_execution_config={"max_parallelism": 5, "labels": {}})
    update("project", workflow_execution_config={"max_parallelism": 6})

    found = ask("get", "project", CONFIG).matching_attributes.workflow_execution_config
    assert found == matchable_resource_pb2.WorkflowExecutionConfig(max_parallelism=6)


def test_the_execution_config_of_a_project_is_filled_up_with_the_servers(ask, update):
    found = ask("get", "project", CONFIG).matching_attributes
    assert found.workflow_execution_config.max_parallelism == 25
    update("project", workflow_execution_config={"interruptible": {"value": True}})
    config = ask("get", "project", CONFIG).matching_attributes.workflow_execution_config
    assert (config.max_parallelism, config.interruptible.value) == (25, True)
    update("project", workflow_execution_config={"max_parallelism": -5})
    config = ask("get", "project", CONFIG).matching_attributes.workflow_execution_config
    assert config.max_parallelism == -5
    update("project_domain", workflow_execution_config={})
    config = ask("get", "project_domain", CONFIG).matching_attributes.workflow_execution_config
    assert config.max_parallelism == 0


def test_plugin_overrides_are_kept_as_sent_and_then_merged(ask, update):
    update("project_domain", **overrides(("a", "1"), ("a", "2")))
    assert shown_overrides(ask("get", "project_domain", OVERRIDES)) == [("a", "1"), ("a", "2")]
    update("project_domain", **overrides(("a", "3"), ("b", "4")))
    assert shown_overrides(ask("get", "project_domain", OVERRIDES)) == [("a", "3"), ("b", "4")]
    update("project_domain", plugin_overrides={})
    assert shown_overrides(ask("get", "project_domain", OVERRIDES)) == [("a", "3"), ("b", "4")]


def test_merging_keeps_the_last_of_several_overrides_for_one_type(ask, update):
    update("project_domain", **overrides(("a", "1"), ("a", "2")))
    update("project_domain", plugin_overrides={})
    assert shown_overrides(ask("get", "project_domain", OVERRIDES)) == [("a", "2")]
    update("project_domain", **overrides(("b", "3"), ("b", "4")))
    assert shown_overrides(ask("get", "project_domain", OVERRIDES)) == [("a", "2"), ("b", "4")]


def test_overrides_of_a_domain_go_into_the_oldest_row_of_any_of_its_workflows(ask, update):
    update("workflow", **overrides(("a", "1")))
    update("project_domain", **overrides(("b", "2")))

    assert refusal_of(ask, "get", "project_domain", OVERRIDES).code == "NOT_FOUND"
    assert shown_overrides(ask("get", "workflow", OVERRIDES)) == [("a", "1"), ("b", "2")]


def test_overrides_of_a_workflow_begin_with_its_own_row(ask, update):
    update("project_domain", **overrides(("a", "1")))
    update("workflow", **overrides(("b", "2")))

    assert shown_overrides(ask("get", "workflow", OVERRIDES)) == [("b", "2")]


def test_overrides_of_a_project_always_fail(update):
    refusal = refusal_of(update, "project", **overrides(("a", "1")))

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        ("unexpected error type for: missing and/or invalid parameters: {p    PLUGIN_OVERRIDE}"),
    )


@pytest.mark.parametrize(
    ("level", "left"), [("project", []), ("project_domain", ["p"]), ("workflow", ["p", "d"])]
)
def test_a_deletion_takes_everything_below_along(ask, update, attributes, level, left):
    update("project", **label("p"))
    update("project_domain", **label("d"))
    update("workflow", **label("w"))
    update("project", workflow_execution_config={})

    ask("delete", level, LABEL)

    rows = attributes.below(LABEL, "p")
    assert [row.message.execution_cluster_label.value for row in rows] == left
    assert attributes.of_project(CONFIG, "p")


@pytest.mark.parametrize("level", LEVELS)
def test_deleting_nothing_is_fine(ask, level):
    ask("delete", level, LABEL)


def test_a_list_has_all_of_a_kind_with_the_most_specific_first(resources, update, make):
    make.project("other")
    update("project", **label("p"))
    update("project_domain", **label("d"))
    update("workflow", **label("w"), place={"project": "other"})

    def listed(kind):
        request = matchable_resource_pb2.ListMatchableAttributesRequest(resource_type=kind)
        return resources.list_matchable_attributes(request, NOW).configurations

    found = [(row.project, row.domain, row.workflow) for row in listed(LABEL)]
    assert found == [("other", "development", "w"), ("p", "development", ""), ("p", "", "")]
    assert not listed(CONFIG)
    assert refusal_of(listed, 99).message == "invalid value for resource_type"


def test_a_project_without_a_name_stands_for_every_project_of_a_domain(update, ask, make):
    make.project("other")
    update("project_domain", place={"project": ""}, **label("all"))

    found = ask("get", "project_domain", LABEL, project="other")
    assert found.matching_attributes.execution_cluster_label.value == "all"
    assert found.project == ""


def test_of_rows_for_a_domain_and_for_a_project_in_it_the_older_counts(update, ask):
    update("project_domain", place={"project": ""}, **label("all"))
    update("project_domain", **label("own"))

    found = ask("get", "project_domain", LABEL)
    assert found.matching_attributes.execution_cluster_label.value == "all"


def test_without_a_project_the_oldest_row_of_the_domain_is_replaced(update, ask):
    update("project_domain", **label("own"))
    update("project_domain", place={"project": ""}, **label("all"))

    found = ask("get", "project_domain", LABEL)
    assert found.matching_attributes.execution_cluster_label.value == "all"
    assert found.project == "p"


def test_only_domains_can_do_without_a_project(update, ask):
    refused = [
        refusal_of(update, level, place={"project": ""}, **label("x"))
        for level in ("project", "workflow")
    ]
    row = "{0 0001-01-01 00:00:00 +0000 UTC 0001-01-01 00:00:00 +0000 UTC <nil>"
    kind = "EXECUTION_CLUSTER_LABEL"
    assert [(refusal.code, refusal.message) for refusal in refused] == [
        ("INVALID_ARGUMENT", f"missing and/or invalid parameters: {row} {place}")
        for place in (
            f"    {kind} 5 [34 3 10 1 120]}}",
            f" development w  {kind} 100 [34 3 10 1 120]}}",
        )
    ]
    unread = [refusal_of(ask, "get", level, LABEL, project="") for level in ("project", "workflow")]
    assert [(refusal.code, refusal.message) for refusal in unread] == [
        ("INTERNAL", f"unexpected error type for: missing and/or invalid parameters: {place}")
        for place in (f"{{    {kind}}}", f"{{ development w  {kind}}}")
    ]


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_workflow_that_the_database_cannot_hold_is_refused(update, ask, verb):
    place = {"workflow": "a\0"}
    refusal = (
        refusal_of(update, "workflow", place=place, **label("x"))
        if verb == "update"
        else refusal_of(ask, "delete", "workflow", LABEL, **place)
    )
    assert (refusal.code, refusal.message) == NUL


def test_limits_of_attributes_replace_the_configured_ones_whole(update, attributes):
    place = ("p", "development", "t")
    assert attributes.task_limits(*place)["cpu"] == "2"
    update("workflow", task_resource_attributes={"limits": {"cpu": "9"}})
    assert attributes.task_limits(*place)["cpu"] == "2"
    update("project_domain", task_resource_attributes={"limits": {"memory": "1Gi"}})
    assert attributes.task_limits(*place) == {"memory": "1Gi"}


def test_a_copy_of_the_store_goes_its_own_way(update, store):
    update("project", **label("p"))
    copied = store.copy()

    store.attributes.discard("p", "", "", LABEL)

    assert Attributes(copied).of_project(LABEL, "p")


def test_a_row_knows_when_it_was_made_and_changed(update, attributes, resources):
    update("project", **label("p"))
    request = project_attributes_pb2.ProjectAttributesUpdateRequest(
        attributes=project_attributes_pb2.ProjectAttributes(
            project="p", matching_attributes=matchable_resource_pb2.MatchingAttributes(**label("q"))
        )
    )

    resources.update_project_attributes(request, NOW + timedelta(days=1))

    row = attributes.of_project(LABEL, "p")
    assert (row.id, row.created_at, row.updated_at) == (1, NOW, NOW + timedelta(days=1))
