from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flyte_testkit.client._yaml import read_yaml

CONFIG = """\
# flytectl's own
---
admin:
  # For GRPC endpoints you might want to use dns:///flyte.example.com
  endpoint: dns:///localhost:30080   # not https://
  authType: Pkce
  insecure: true
  clientSecretLocation: '/etc/it''s secret#1'
  scopes: [all, "off line", 'x']
  command:
    - sh
    - -c
    - "echo \\"token\\""
  proxyCommand:
  - printf
  - x#y
logger:
  show-source: true
  level: 0
  ratio: 0.5
storage:
  connection: {}
  empty:
  none: ~
  nothing: []
nested:
  - name: a
    value: 1
  -
    name: b
"""


def test_a_config_file_is_read():
    assert read_yaml(CONFIG) == {
        "admin": {
            "endpoint": "dns:///localhost:30080",
            "authType": "Pkce",
            "insecure": True,
            "clientSecretLocation": "/etc/it's secret#1",
            "scopes": ["all", "off line", "x"],
            "command": ["sh", "-c", 'echo "token"'],
            "proxyCommand": ["printf", "x#y"],
        },
        "logger": {"show-source": True, "level": 0, "ratio": 0.5},
        "storage": {"connection": {}, "empty": None, "none": None, "nothing": []},
        "nested": [{"name": "a", "value": 1}, {"name": "b"}],
    }


def test_a_config_file_is_read_as_pyyaml_reads_it():
    yaml = pytest.importorskip("yaml")

    assert read_yaml(CONFIG) == yaml.safe_load(CONFIG)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_says_nothing(text):
    assert read_yaml(text) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x 1", 1),
        ("a: 1\nb: *x", 2),
        ("a: !tag x", 1),
        ("a: |\n  text", 1),
        ("a: {b: 1}", 1),
        ("a: [", 1),
        ("a: [[1], 2]", 1),
        ("a: 1\n  b: 2", 2),
        ("a:\n  b: 1\n c: 2", 3),
        ("a: b: c", 1),
        ("a\nb", 2),
        ("- a\nb: 1", 2),
        ("a: 'b", 1),
        ("a: 1\n---\nb: 2", 2),
    ],
)
def test_what_is_not_read_is_refused_with_its_line(text, line):
    with pytest.raises(ValueError, match=f"^line {line} is no YAML that can be read here"):
        read_yaml(text)


words = st.text("abzAZ019 _-./:#'\"[]{},&*!|>%@`~?\\é", max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(words, values, max_size=3))
@example({"a": "x #y"})
def test_what_pyyaml_writes_is_read_or_refused_but_never_misread(config):
    yaml = pytest.importorskip("yaml")
    text = yaml.safe_dump(config, allow_unicode=True, width=10_000)

    try:
        read = read_yaml(text)
    except ValueError:
        return
    assert read == yaml.safe_load(text)
