import pytest

from flyte_testkit.wire.services import methods, unimplemented


def test_a_server_without_auth_has_three_services():
    assert {method.service for method in methods().values()} == {
        "AdminService",
        "DataProxyService",
        "SignalService",
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "/flyteidl.service.AdminService/getExecution",
            "unknown method getExecution for service flyteidl.service.AdminService",
        ),
        (
            "/flyteidl.service.AuthMetadataService/GetOAuth2Metadata",
            "unknown service flyteidl.service.AuthMetadataService",
        ),
        ("/a/b/c", "unknown service a/b"),
        ("/nothing", 'malformed method name: "/nothing"'),
    ],
)
def test_what_is_not_served_is_named_as_a_real_server_names_it(path, text):
    assert unimplemented(path) == text
