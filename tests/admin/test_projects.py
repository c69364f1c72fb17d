from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW
from definition_builders import refusal
from flyteidl.admin import common_pb2, project_pb2

from flyte_testkit.admin.projects.projects import ProjectManager

LATER = NOW + timedelta(hours=1)
DOMAINS = ["development", "staging", "production"]


@pytest.fixture
def projects(store):
    return ProjectManager(store)


@pytest.fixture
def register(projects):
    def register(id_="p", *, name="Some name", labels=None, **fields):
        project = project_pb2.Project(id=id_, name=name, **fields)
        if labels is not None:
            project.labels.values.update(labels)
            project.labels.SetInParent()
        return projects.register_project(project_pb2.ProjectRegisterRequest(project=project), NOW)

    return register


def show(projects, id_="p"):
    return projects.get_project(project_pb2.ProjectGetRequest(id=id_), NOW)


def listed(projects, **request):
    found = projects.list_projects(project_pb2.ProjectListRequest(**request), NOW)
    return [project.id for project in found.projects]


def test_shows_what_was_registered_with_every_domain(projects, register):
    register(description="words", labels={"a": "1"}, org="dropped")
    assert show(projects) == project_pb2.Project(
        id="p",
        name="Some name",
        description="words",
        labels=common_pb2.Labels(values={"a": "1"}),
        domains=[project_pb2.Domain(id=name, name=name) for name in DOMAINS],
    )


def test_keeps_labels_that_are_present_but_empty(projects, register):
    register("p", labels={})
    register("q")
    assert show(projects, "p").HasField("labels")
    assert not show(projects, "q").HasField("labels")


@pytest.mark.parametrize("state", [1, 2, 3, 99, -1])
def test_registers_a_project_in_whatever_state(projects, register, state):
    register(state=state)
    assert show(projects).state == state


def test_names_need_not_be_unique_but_ids_must(register, projects):
    register("p")
    register("q")
    refused = refusal(
        projects.register_project,
        project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id="p", name="n")),
    )
    assert refused.code == "ALREADY_EXISTS"
    assert refused.message == (
        "value with matching already exists "
        '(duplicate key value violates unique constraint "projects_pkey")'
    )


@pytest.mark.parametrize(
    ("project", "message"),
    [
        (None, "missing project"),
        (project_pb2.Project(), "missing project_name"),
        (project_pb2.Project(name="n"), "missing project_id"),
        (
            project_pb2.Project(name="n", id="a.b"),
            "invalid project id [a.b]: [must not contain dots]",
        ),
        (
            project_pb2.Project(name="n" * 65, id="a"),
            "project_name cannot exceed 64 characters",
        ),
        (
            project_pb2.Project(name="é" * 33, id="a"),
            "project_name cannot exceed 64 characters",
        ),
        (
            project_pb2.Project(name="n", id="a", description="d" * 301),
            "project_description cannot exceed 300 characters",
        ),
        (
            project_pb2.Project(name="n", id="a", domains=[project_pb2.Domain()]),
            (
                "Domains are currently only set system wide. "
                "Please retry without domains included in your request."
            ),
        ),
    ],
)
def test_refuses_a_project_that_is_malformed(projects, project, message):
    refused = refusal(
        projects.register_project, project_pb2.ProjectRegisterRequest(project=project)
    )
    assert (refused.code, refused.message) == ("INVALID_ARGUMENT", message)


def test_looks_at_labels_before_the_syntax_of_the_id(projects):
    project = project_pb2.Project(name="n", id="A.B")
    project.labels.values["/"] = ""
    request = project_pb2.ProjectRegisterRequest(project=project)
    assert refusal(projects.register_project, request).message.startswith("invalid label key [/]")


def test_refuses_names_that_the_database_cannot_hold(projects):
    project = project_pb2.Project(name="n\0", id="a")
    request = project_pb2.ProjectRegisterRequest(project=project)
    assert refusal(projects.register_project, request).code == "UNKNOWN"


def test_an_update_keeps_what_it_does_not_mention(projects, register):
    register(description="words", labels={"a": "1"})
    projects.update_project(project_pb2.Project(id="p"), LATER)
    shown = show(projects)
    assert (shown.name, shown.description, dict(shown.labels.values)) == (
        "Some name",
        "words",
        {"a": "1"},
    )


def test_an_update_changes_what_it_mentions(projects, register, store):
    register(labels={"a": "1"})
    update = project_pb2.Project(id="p", name="New", description="words")
    update.labels.values["b"] = "2"
    projects.update_project(update, LATER)
    shown = show(projects)
    assert (shown.name, shown.description, dict(shown.labels.values)) == (
        "New",
        "words",
        {"b": "2"},
    )
    assert store.projects.get("p").updated_at == LATER


def test_projects_without_labels_have_none_to_filter_by(projects, register):
    register("xa")
    register("xb", labels={"a": "1"})
    for filters, found in (
        ("contains(labels,x)", ["xb"]),
        ("not_like(labels,y)", ["xb"]),
        ("contains(identifier,x)", ["xa", "xb"]),
    ):
        assert listed(projects, filters=filters) == found


def test_an_update_with_empty_labels_clears_them(projects, register):
    register(labels={"a": "1"})
    update = project_pb2.Project(id="p")
    update.labels.SetInParent()
    projects.update_project(update, LATER)
    assert show(projects).HasField("labels")
    assert not show(projects).labels.values


def test_an_update_always_sets_the_state(projects, register):
    register(state=project_pb2.Project.ARCHIVED)
    projects.update_project(project_pb2.Project(id="p"), LATER)
    assert show(projects).state == project_pb2.Project.ACTIVE
    projects.update_project(project_pb2.Project(id="p", state=77), LATER)
    assert show(projects).state == 77


def test_an_update_looks_for_the_project_before_anything_else(projects):
    refused = refusal(projects.update_project, project_pb2.Project(id="A.B", name="n" * 99))
    assert (refused.code, refused.message) == ("NOT_FOUND", "project [A.B] not found")


def test_an_update_without_an_id_finds_some_project_and_then_misses_the_id(projects, register):
    assert refusal(projects.update_project, project_pb2.Project()).message == (
        "project [] not found"
    )
    register()
    assert refusal(projects.update_project, project_pb2.Project()).message == "missing project_id"


def test_a_project_that_was_read_cannot_be_sent_back_with_its_domains(projects, register):
    register()
    before = show(projects)
    assert refusal(projects.update_project, before).message.startswith("Domains are currently")
    assert show(projects) == before


def test_what_was_shown_before_an_update_does_not_change(projects, register):
    register()
    before = show(projects)
    projects.update_project(project_pb2.Project(id="p", name="New"), LATER)
    assert before.name == "Some name"


def test_says_that_there_is_no_such_project(projects):
    assert refusal(projects.get_project, project_pb2.ProjectGetRequest()).message == (
        "missing project_id"
    )
    refused = refusal(projects.get_project, project_pb2.ProjectGetRequest(id="p"))
    assert (refused.code, refused.message) == ("NOT_FOUND", "project [p] not found")


def test_lists_projects_by_id_without_archived_ones(projects, register):
    register("b")
    register("c", state=project_pb2.Project.ARCHIVED)
    register("a", state=project_pb2.Project.SYSTEM_ARCHIVED)
    assert listed(projects) == ["a", "b"]


def test_any_filter_brings_archived_projects_to_light(projects, register):
    register("a")
    register("b", state=project_pb2.Project.ARCHIVED)
    assert listed(projects, filters="ne(identifier,x)") == ["a", "b"]


def test_lists_projects_page_by_page(projects, register):
    for id_ in "abc":
        register(id_)
    found = projects.list_projects(project_pb2.ProjectListRequest(limit=2), NOW)
    assert found.token == "2"
    assert listed(projects, limit=2, token=found.token) == ["c"]


def test_the_token_of_no_project_without_a_limit_is_where_it_looked(projects):
    found = projects.list_projects(project_pb2.ProjectListRequest(token="7"), NOW)
    assert found.token == "7"


def test_shows_the_domains(projects):
    found = projects.get_domains(project_pb2.GetDomainRequest(), NOW)
    assert [(domain.id, domain.name) for domain in found.domains] == [
        (name, name) for name in DOMAINS
    ]
