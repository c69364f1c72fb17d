from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, Make
from flyteidl.admin import common_pb2, description_entity_pb2, project_pb2
from hypothesis import given, settings, strategies

from flyte_testkit.admin.database import rows
from flyte_testkit.admin.database.store import Store, Table
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.lists.listing import Listing, Name

TASKS = Listing("task", "ListTasks")
EXECUTIONS = Listing("execution", "ListExecutions")
PLANS = Listing("launch_plan", "ListLaunchPlans")
HERE = {"execution_project": "p", "execution_domain": "development"}


def request(*, limit=10, sort="", ascending=True, after="", **fields):
    asked = common_pb2.ResourceListRequest(limit=limit, **fields)
    asked.token = after
    if sort:
        asked.sort_by.key = sort
        asked.sort_by.direction = (
            common_pb2.Sort.ASCENDING if ascending else common_pb2.Sort.DESCENDING
        )
    return asked


def names(page):
    return [getattr(row, "execution_name", None) or row.name for row in page.rows]


def refusal_of(listing, store, asked, **arguments):
    with pytest.raises(AdminError) as refusal:
        listing.page(store, asked, **{"where": {}, "now": NOW, **arguments})
    return refusal.value.code, refusal.value.message


@pytest.fixture
def tasks(store, make):
    """Tasks b, a and c, and a second version of a."""
    for name, version in (("b", "v1"), ("a", "v1"), ("c", "v1"), ("a", "v0")):
        make.task(name, version=version)
    return store


@pytest.fixture
def executions(store, make):
    """Executions e1 to e3 of w, and one of a single task."""
    make.workflow()
    make.launch_plan()
    for name in ("e2", "e1", "e3"):
        make.execution(name)
    alone = make.execution("alone")
    store.executions.update(
        replace(alone, launch_plan_id=0, workflow_id=0, task_id=1, launch_entity="task")
    )
    return store


def tag(store, execution, key, value="", project="p"):
    store.execution_tags.insert(
        rows.ExecutionTagRow(
            execution_project=project,
            execution_domain="development",
            execution_name=execution,
            key_=key,
            value=value,
            created_at=NOW,
            updated_at=NOW,
        )
    )


def test_pages_follow_their_tokens(tasks):
    token, seen = "", []
    for _ in range(3):
        page = TASKS.page(tasks, request(limit=2, after=token, sort="id"), where={}, now=NOW)
        seen.append((names(page), page.token))
        token = page.token
    assert seen == [(["b", "a"], "2"), (["c", "a"], "4"), ([], "")]


def test_a_page_that_is_not_full_is_the_last(tasks):
    assert TASKS.page(tasks, request(limit=3, after="3"), where={}, now=NOW).token == ""


def test_the_token_counts_what_the_filters_left(tasks):
    page = TASKS.page(tasks, request(limit=1, after="1", filters="eq(name,a)"), where={}, now=NOW)
    assert (names(page), page.token) == (["a"], "2")


@pytest.mark.parametrize("token", ["0", "-0", "+0", "000"])
def test_a_token_is_a_number(tasks, token):
    assert len(TASKS.page(tasks, request(after=token), where={}, now=NOW).rows) == 4


def test_an_offset_past_the_end_is_no_error(tasks):
    assert TASKS.page(tasks, request(after=str(2**63 - 1)), where={}, now=NOW) == ([], "")


@pytest.mark.parametrize("token", ["x", "-1", "1.5", " 1", "0x1", "\u0661", str(2**63), "\0"])
def test_a_token_that_is_no_offset_is_refused(tasks, token):
    assert refusal_of(TASKS, tasks, request(after=token)) == (
        "INVALID_ARGUMENT",
        f"invalid pagination token {token} for ListTasks",
    )


def test_one_list_does_not_say_what_its_token_is_for(tasks):
    assert refusal_of(Listing("launch_plan", ""), tasks, request(after="x")) == (
        "INVALID_ARGUMENT",
        "invalid pagination token x",
    )


def test_no_limit_means_all_and_a_token_for_none(tasks):
    listing = Listing("project", "ListProjects")
    everything = project_pb2.ProjectListRequest()
    assert listing.page(tasks, everything, where={}, now=NOW)[1] == ""
    everything.token = "7"
    assert listing.page(tasks, everything, where={}, now=NOW) == ([], "7")


def test_filters_are_read_before_the_sort_and_the_sort_before_the_token(tasks):
    wrong = request(filters="nope", sort="nope", after="x")
    wrong.sort_by.direction = 7
    assert refusal_of(TASKS, tasks, wrong)[1] == "invalid value for filters"
    wrong.filters = "eq(id,x)"
    assert refusal_of(TASKS, tasks, wrong)[1] == "invalid sort key 'nope'"
    wrong.sort_by.key = "id"
    assert refusal_of(TASKS, tasks, wrong)[1].startswith("invalid sort order specified")
    wrong.sort_by.direction = 0
    assert refusal_of(TASKS, tasks, wrong)[1] == "invalid pagination token x for ListTasks"
    wrong.token = ""
    assert refusal_of(TASKS, tasks, wrong)[1].endswith('syntax for type bigint: "x"')


def test_the_database_looks_for_operators_before_it_reads_values(tasks):
    asked = request(filters="eq(id,x)+eq(name,\0)+contains(created_at,1)")
    assert refusal_of(TASKS, tasks, asked, where={"name": "\0"}) == (
        "UNKNOWN",
        (
            "failed database operation with "
            "operator does not exist: timestamp with time zone ~~ unknown"
        ),
    )
    asked.filters = "eq(id,x)"
    assert refusal_of(TASKS, tasks, asked, where={"name": "\0"})[1].endswith("0x00")


def test_the_database_refuses_bad_values_even_where_nothing_is_listed():
    assert refusal_of(TASKS, Store(), request(filters="eq(id,x)"))[0] == "UNKNOWN"


def test_a_list_covers_what_is_asked_for_and_empty_texts_ask_for_nothing(tasks, make):
    make.task("a", project="q")
    assert names(TASKS.page(tasks, request(), where={"project": "q", "name": ""}, now=NOW)) == ["a"]
    assert names(TASKS.page(tasks, request(), where={"project": "nope"}, now=NOW)) == []


def test_a_list_may_cover_what_is_null(executions):
    where = {**HERE, "started_at": None}
    assert len(EXECUTIONS.page(executions, request(), where=where, now=NOW).rows) == 4
    assert (
        EXECUTIONS.page(executions, request(), where={**HERE, "started_at": NOW}, now=NOW).rows
        == []
    )


def test_definitions_come_by_name_and_versions_as_they_were_made(tasks):
    found = TASKS.page(tasks, request(), where={}, now=NOW)
    assert [(row.name, row.version) for row in found.rows] == [
        ("a", "v1"),
        ("a", "v0"),
        ("b", "v1"),
        ("c", "v1"),
    ]


def test_all_filters_must_hold(tasks):
    asked = request(filters="eq(name,a)+ne(version,v1)")
    assert [row.version for row in TASKS.page(tasks, asked, where={}, now=NOW).rows] == ["v0"]


def test_bytes_can_be_filtered_and_sorted(tasks):
    asked = request(filters="contains(closure,container)", sort="closure")
    assert names(TASKS.page(tasks, asked, where={}, now=NOW)) == ["a", "a", "b", "c"]


def test_words_for_times_need_the_time(tasks):
    asked = request(filters="gte(created_at,today)")
    assert len(TASKS.page(tasks, asked, where={}, now=NOW).rows) == 4
    assert TASKS.page(tasks, asked, where={}, now=NOW + timedelta(days=1)).rows == []


def test_executions_in_another_state_are_hidden_unless_some_filter_is_on_a_state(executions):
    archived = executions.executions.get("p", "development", "e2")
    executions.executions.update(replace(archived, state=1))

    def listed(filters):
        page = EXECUTIONS.page(
            executions, request(filters=filters), where=HERE, now=NOW, unless_asked={"state": 0}
        )
        return names(page)

    assert listed("") == ["alone", "e1", "e3"]
    assert listed("eq(execution_name,e2)") == []
    assert listed("gt(state,0)") == ["e2"]
    assert listed("eq(launch_plan.state,0)") == ["e1", "e2", "e3"]


def test_runs_of_single_tasks_have_no_launch_plan(executions):
    asked = request(filters="ne(launch_plan.name,x)")
    assert names(EXECUTIONS.page(executions, asked, where=HERE, now=NOW)) == ["e1", "e2", "e3"]


def test_only_runs_of_single_tasks_have_a_task(executions, make):
    make.task()
    asked = request(filters="eq(task.name,t)")
    assert names(EXECUTIONS.page(executions, asked, where=HERE, now=NOW)) == ["alone"]


def test_an_execution_comes_once_for_each_tag_that_matches(executions):
    tag(executions, "e1", "x")
    tag(executions, "e1", "y")
    tag(executions, "e2", "x", "1")
    asked = request(filters="value_in(admin_tag.name,x;y)", limit=2)
    page = EXECUTIONS.page(executions, asked, where=HERE, now=NOW)
    assert (names(page), page.token) == (["e1", "e1"], "2")


def test_two_filters_on_tags_are_about_one_tag(executions):
    tag(executions, "e1", "team", "a")
    tag(executions, "e1", "env", "b")

    def listed(filters):
        return names(EXECUTIONS.page(executions, request(filters=filters), where=HERE, now=NOW))

    assert listed("eq(execution_tag.key,team)+eq(execution_tag.value,a)") == ["e1"]
    assert listed("eq(execution_tag.key,team)+eq(execution_tag.value,b)") == []
    assert listed("eq(admin_tag.name,env)+eq(execution_tag.value,b)") == ["e1"]


def test_tags_of_an_execution_of_that_name_in_another_project_count(executions):
    tag(executions, "e3", "x", project="q")
    asked = request(filters="eq(execution_tag.key,x)")
    assert names(EXECUTIONS.page(executions, asked, where=HERE, now=NOW)) == ["e3"]


def test_launch_plans_can_be_found_by_their_workflow(store, make):
    make.workflow("w")
    make.workflow("v")
    make.launch_plan("a", workflow="w")
    make.launch_plan("b", workflow="v")
    asked = request(filters="eq(workflow.name,v)")
    assert names(PLANS.page(store, asked, where={}, now=NOW)) == ["b"]


def test_names_are_listed_once_whatever_their_filters(tasks):
    asked = request(filters="garbage", sort="name", ascending=False)
    found = TASKS.names(tasks, asked, where={"project": "p"})
    assert found.rows == [Name("p", "development", name) for name in "cba"]


def test_names_are_paged_as_names(tasks):
    found = TASKS.names(tasks, request(limit=1, after="1"), where={})
    assert (found.rows, found.token) == ([Name("p", "development", "b")], "2")


def test_names_sort_by_what_they_consist_of(tasks):
    with pytest.raises(AdminError) as refusal:
        TASKS.names(tasks, request(sort="version"), where={})
    assert (refusal.value.code, refusal.value.message) == (
        "UNKNOWN",
        (
            'failed database operation with column "tasks.version" must appear in the '
            "GROUP BY clause or be used in an aggregate function"
        ),
    )
    with pytest.raises(AdminError, match="invalid sort key 'nope'"):
        TASKS.names(tasks, request(sort="nope"), where={})


def test_descriptions_are_filtered_as_what_they_describe():
    store = Store()
    store.description_entities = Table()
    asked = description_entity_pb2.DescriptionEntityListRequest(limit=5)
    tasks_ = Listing("description_entity", "ListWorkflows", filtered_as="task")
    asked.filters = "eq(nope,1)"
    assert refusal_of(tasks_, store, asked)[1] == "'t.nope' is invalid filter"
    asked.filters = "eq(type,container)"
    assert refusal_of(tasks_, store, asked) == (
        "UNKNOWN",
        'failed database operation with column "type" does not exist',
    )
    asked.filters = "eq(version,v1)"
    assert tasks_.page(store, asked, where={}, now=NOW).rows == []
    nothing = Listing("description_entity", "ListWorkflows", filtered_as="")
    assert refusal_of(nothing, store, asked) == ("INTERNAL", "unsupported entity ''")


@settings(deadline=None)
@given(
    limits=strategies.lists(strategies.integers(1, 4), min_size=1, max_size=12),
    sort=strategies.sampled_from(["", "id", "name", "created_at", "closure"]),
    ascending=strategies.booleans(),
)
def test_pages_put_together_are_the_whole_list(limits, sort, ascending):
    store = Store()
    make = Make(store)
    for number in range(7):
        make.task(f"t{number * 3 % 7}")

    def page(limit, after):
        asked = request(limit=limit, after=after, sort=sort, ascending=ascending)
        return TASKS.page(store, asked, where={}, now=NOW)

    everything, seen, token = page(100, "").rows, [], ""
    for limit in [*limits, 100]:
        rows_, token = page(limit, token)
        seen += rows_
        if not token:
            break
    assert seen == everything
