"""Ask the fake what nobody asks, and see that it answers.

    python benchmarks/fuzz.py 100000

Every RPC gets its share of requests of four kinds: messages that Hypothesis builds, recorded
requests out of their order, both with a field gone or gone wild, and the bytes of both with
something broken. Whatever comes, the server answers in time, lives on, raises nothing, and says
UNKNOWN only where FlyteAdmin does.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from functools import cache
from pathlib import Path

import grpc
from flyteidl.service import admin_pb2  # noqa: F401  what recorded details are made of
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError, Message
from hypothesis import HealthCheck, Phase, given, settings

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import messages
from flyte_testkit.wire.services import methods

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "recordings"
PATIENCE = 20
"""Real seconds within which each request must be answered."""

DATABASE = "failed database operation with "
"""What FlyteAdmin's own UNKNOWN begins with."""


TEXTS = ("", "\0", "x" * 300, "+", "a/../b", "%s", "(", "Ünïcödé", "-1", "9" * 5000, "1e99999999")
GRAMMARS = (
    "eq(name,x)+ne(phase,FAILED)",
    "contains(execution_name,%\\)",
    "gt(duration,1" + "0" * 5000 + "h)",
    "value_in(state,1;x)",
    "lt(created_at,99999-01-01)",
    "not_like(task.name,_)",
    "*/5 * * * *",
    "61 25 L W ?",
    "@every -1s",
    "flyte://v1/flytesnacks/development/e1/n0/0/o",
    "s3://e1/%zz/../x",
)
WILD = {
    FieldDescriptor.CPPTYPE_STRING: TEXTS + GRAMMARS,
    FieldDescriptor.CPPTYPE_INT32: (0, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.CPPTYPE_INT64: (0, -1, 2**63 - 1, -(2**63)),
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 1, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (0, 1, 2, 99, -1),
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
    FieldDescriptor.CPPTYPE_DOUBLE: (0.0, -0.0, float("nan"), float("inf"), 1e308),
    FieldDescriptor.CPPTYPE_FLOAT: (0.0, float("nan"), float("inf")),
}


class Fuzzer:
    """Sends requests to a server of its own, and notes whatever should not be."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)  # noqa: S311  not for secrets
        self.admin = FakeFlyteAdmin(strict=False, seed=seed)
        self.codes = Counter()
        self.problems = []
        self._pool = defaultdict(list)
        for path, raw in seeds():
            self._pool[path].append(raw)

    def __enter__(self):
        self._serving = self.admin.serving()
        self._serving.__enter__()
        self._channel = self.admin.channel()
        self.admin.add_execution("e1", running(3600).succeeds(auc=0.91))
        self.admin.add_execution("e2", running(60).fails("disk full"))
        self._calls = {path: self._channel.unary_unary(path) for path in methods()}
        return self

    def __exit__(self, *error):
        self._channel.close()
        self._serving.__exit__(*error)

    def send(self, path, raw):
        """Send a request, and judge the answer."""
        self.admin.clock.advance(0.001)
        try:
            methods()[path].reply.FromString(self._calls[path](raw, timeout=PATIENCE))
        except grpc.RpcError as error:
            self._judge(path, raw, error)
        else:
            self.codes["OK"] += 1
        for story in self.admin.unforeseen():
            self.problems.append((path, raw, story))

    def _judge(self, path, raw, error):
        code, text = error.code().name, error.details() or ""
        self.codes[code] += 1
        by_accident = code == "UNKNOWN" and not text.startswith(DATABASE)
        if by_accident or code in {"DEADLINE_EXCEEDED", "UNAVAILABLE", "CANCELLED"}:
            self.problems.append((path, raw, f"{code}: {text}"))

    def recorded(self, path):
        """Send some recorded request of an RPC."""
        self.send(path, self.random.choice(self._pool[path] or [b""]))

    def built(self, path, count):
        """Send messages that Hypothesis builds, and keep them to be broken."""

        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(messages(methods()[path].request))
        def send(message):
            raw = message.SerializeToString()
            self._pool[path].append(raw)
            self.send(path, raw)

        send()

    def twisted(self, path):
        """Send two requests of this RPC merged, some of their fields gone or gone wild."""
        message = methods()[path].request()
        for _ in range(self.random.choice((1, 1, 2))):
            with suppress(DecodeError):
                message.MergeFromString(self.random.choice(self._pool[path] or [b""]))
        for _ in range(self.random.choice((1, 1, 2, 3))):
            places = list(_places(message))
            if places:
                self._twist(*self.random.choice(places))
        self.send(path, message.SerializeToString())

    def _twist(self, message, field):
        wild = WILD.get(field.cpp_type)
        is_single = isinstance(getattr(message, field.name), (str, bytes, int, float))
        if wild is None or not is_single or self.random.random() < 0.3:
            message.ClearField(field.name)
            return
        value = self.random.choice(wild)
        is_bytes = field.type == FieldDescriptor.TYPE_BYTES
        setattr(message, field.name, value.encode() if is_bytes else value)

    def broken(self, path):
        """Send bytes of a request of this RPC, now and then of another, with something broken."""
        pool = self._pool[path] if self.random.random() < 0.9 else []
        raw = bytearray(self.random.choice(pool or self._pool[self.random.choice([*self._pool])]))
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            self._break(raw)
        self.send(path, bytes(raw))

    def _break(self, raw):
        at, until = sorted(self.random.randint(0, len(raw)) for _ in range(2))
        until = min(until, at + 20)
        kind = self.random.randrange(5)
        if kind == 0:
            del raw[at:]
        elif kind == 1:
            del raw[at:until]
        elif kind == 2:
            raw[at:at] = raw[at:until] * self.random.randint(1, 3)
        elif kind == 3:
            raw[at:at] = self.random.randbytes(self.random.randint(1, 4))
        elif raw:
            raw[at % len(raw)] ^= 1 << self.random.randrange(8)

    def is_alive(self):
        """Whether the server still answers."""
        self.send("/flyteidl.service.AdminService/GetVersion", b"")
        return not self.problems


@cache
def seeds():
    """The requests that fuzzing starts from, each with its path."""
    return (*recorded_requests(), *deep_requests())


def recorded_requests():
    """Yield every recorded request, the path before it, with one name for all that varies."""
    known = {f"{method.service}/{method.rpc}": path for path, method in methods().items()}
    seen = set()
    for file in sorted(RECORDINGS.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            for step in json.loads(line).get("steps", ()):
                path = known.get(step.get("call"))
                raw = _bytes(methods()[path].request, _named(step["request"])) if path else None
                if raw is not None and (path, raw) not in seen:
                    seen.add((path, raw))
                    yield path, raw


def deep_requests():
    """Yield requests with types, literals and conditions as deep as protobuf reads them."""
    kind, value, condition = {"simple": 1}, {"scalar": {"none_type": {}}}, {}
    for depth in range(40):
        kind = {"collection_type": kind} if depth % 2 else {"union_type": {"variants": [kind]}}
        value = {"collection": {"literals": [value]}}
        condition = {"conjunction": {"left_expression": condition, "right_expression": {}}}
    name = {"project": "flytesnacks", "domain": "development", "name": "deep", "version": "v1"}
    template = {
        "id": {"resource_type": 2, **name},
        "interface": {"inputs": {"variables": {"x": {"type": kind}}}},
        "nodes": [{"id": "n0", "branch_node": {"if_else": {"case": {"condition": condition}}}}],
    }
    launch = {"launch_plan": {"resource_type": 3, **name}}
    signal = {"signal_id": "deep", "execution_id": {**name, "name": "e1"}}
    del signal["execution_id"]["version"]
    for call, request in {
        "AdminService/CreateWorkflow": {"id": template["id"], "spec": {"template": template}},
        "AdminService/CreateExecution": {
            "project": "flytesnacks",
            "domain": "development",
            "spec": launch,
            "inputs": {"literals": {"x": value}},
        },
        "SignalService/GetOrCreateSignal": {"id": signal, "type": kind},
        "SignalService/SetSignal": {"id": signal, "value": value},
    }.items():
        path = f"/flyteidl.service.{call}"
        yield path, ParseDict(request, methods()[path].request()).SerializeToString()


def _named(value):
    """The value with names instead of variables."""
    if isinstance(value, dict):
        return {_named(key): _named(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\$\{\w+\}", "e1", value.replace("${project}", "flytesnacks"))
    return value


def _places(message):
    """Yield every message inside this one with every field that is set in it."""
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for inner in [value] if isinstance(value, Message) else value:
            yield from _places(inner)


def _bytes(kind, request):
    try:
        return ParseDict(request, kind()).SerializeToString()
    except ValueError:  # a variable stood where a number or a time belongs
        return None


def fuzz(count, *, seed=0, seconds=600.0, share=0.1):
    """Send about so many requests, a share of them built by Hypothesis; return the fuzzer."""
    until = time.monotonic() + seconds
    paths = sorted(methods())
    each = max(1, count // len(paths))
    with Fuzzer(seed) as fuzzer:
        for path in paths:
            fuzzer.built(path, max(1, int(each * share)))
        while sum(fuzzer.codes.values()) < count and time.monotonic() < until:
            for path in paths:
                fuzzer.recorded(path)
                for _ in range(3):
                    fuzzer.twisted(path)
                fuzzer.broken(path)
        fuzzer.is_alive()
    return fuzzer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "count", nargs="?", type=int, default=100_000, help="requests (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1200, help="at most (%(default)s)")
    options = parser.parse_args()
    began = time.monotonic()
    fuzzer = fuzz(options.count, seed=options.seed, seconds=options.seconds)
    took = time.monotonic() - began
    print(f"{sum(fuzzer.codes.values()):,} requests in {took:.0f} s")
    print(*(f"  {code:20} {number:8,}" for code, number in fuzzer.codes.most_common()), sep="\n")
    for path, raw, story in fuzzer.problems[:20]:
        print(f"\n{path} {raw.hex()}\n{story}")
    print(f"{len(fuzzer.problems)} problems")
    return 1 if fuzzer.problems else 0


if __name__ == "__main__":
    sys.exit(main())
