"""What suites of laws promise of the code under test, and whether it means anything.

Ignorant of laws: these are the values that stories are made up for, and that tests are told with.
"""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from hypothesis import settings as hypothesis_settings
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import FlyteTestkitError, close_names
from flyte_testkit.laws._backend import Client
from flyte_testkit.literals.types import infer_type
from flyte_testkit.wire.faults import CODES
from flyte_testkit.wire.transports import Transport, check_transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.admin.errors import Code
    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["LaunchPromises", "Promises", "WaitPromises", "check_number", "check_promises"]


class Promises:
    """What every suite promises.

    Attributes:
        client: Which client the code under test drives: ``"flytekit"``, or ``"testkit"``
            for :mod:`flyte_testkit.client`.
        transport: How the calls of the code under test travel: ``"direct"``, without a socket, or
            ``"tcp"``, which takes several times as long and comes to the same.
        poll_interval: The longest pause between two looks, in seconds.
        survives: How long an outage the code promises to survive, in seconds.
        blip_codes: What an outage answers, by names of gRPC status codes.
        rpcs_per_second: How many RPCs a second it may spend; see ``rpc_burst``.
        rpc_burst: How many RPCs it may spend at once, on top of that: attempts on the wire, of
            which flytekit makes four for one failing call.
        settings: Hypothesis settings of the tests; by default those of the loaded profile. Always
            off are the deadline, since it is in real time, and explanations, since they would
            explain flyte-testkit.
    """

    client: ClassVar[Client] = "flytekit"
    transport: ClassVar[Transport] = "direct"
    poll_interval: ClassVar[float] = 30
    survives: ClassVar[float] = 1
    blip_codes: ClassVar[tuple[Code, ...]] = ("UNAVAILABLE",)
    rpcs_per_second: ClassVar[float] = 10
    rpc_burst: ClassVar[int] = 25
    settings: ClassVar[hypothesis_settings | None] = None


class WaitPromises(Promises):
    """What a suite promises of code that waits; see ``WaitingLaws`` for each attribute."""

    rpc_timeout: ClassVar[float | None] = None
    may_terminate: ClassVar[bool] = False
    outputs: Any = None

    def wait(self, remote: Any, execution: Any, timeout: float) -> bool:
        """Call the code under test."""
        raise NotImplementedError


class LaunchPromises(Promises):
    """What a suite promises of code that launches; see ``LaunchingLaws`` for each attribute."""

    launch_plan: ClassVar[str] = "nightly"
    inputs: ClassVar[Mapping[str, Any]] = {}
    outputs: ClassVar[Mapping[str, Any]] = {}

    def launch(self, remote: Any) -> Any:
        """Call the code under test."""
        raise NotImplementedError

    @property
    def grace(self) -> float:
        """How long beyond the execution's end a launch may go on before it is stopped."""
        return 20 * self.poll_interval + 2 * self.survives + 120

    def prepare(self, admin: FakeFlyteAdmin) -> None:
        """Register what the code launches; more may be done here before each launch."""
        outputs = {name: infer_type(value) for name, value in self.outputs.items()}
        admin.register(self.launch_plan, inputs=self.inputs, outputs=outputs)


_OPTIONS = (
    "blip_codes",
    "client",
    "may_terminate",
    "poll_interval",
    "rpc_burst",
    "rpc_timeout",
    "rpcs_per_second",
    "settings",
    "survives",
    "transport",
)


def check_promises(cls: type[Promises]) -> None:
    """Refuse promises that mean nothing, and names that are nearly those of promises."""
    for name in vars(cls):
        near = difflib.get_close_matches(name, _OPTIONS, n=1, cutoff=0.85)
        if near and name not in _OPTIONS:
            raise InvalidArgument(f"{cls.__name__}.{name}: did you mean {near[0]!r}?")
    check_number(cls, "poll_interval", above=True)
    check_number(cls, "survives", above=False)
    check_number(cls, "rpcs_per_second", above=True)
    check_number(cls, "rpc_burst", above=True)
    for code in cls.blip_codes:
        if code not in CODES:
            raise InvalidArgument(
                f"{cls.__name__}.blip_codes = {cls.blip_codes!r}: {code!r} is no gRPC status code."
                f"{close_names(str(code).upper(), CODES)}"
            )
    if not cls.blip_codes or isinstance(cls.blip_codes, str):
        raise InvalidArgument(
            f"{cls.__name__}.blip_codes = {cls.blip_codes!r}: write ('UNAVAILABLE',) or more."
        )
    _check_client(cls)
    try:
        check_transport(cls.transport)
    except FlyteTestkitError as error:
        raise InvalidArgument(f"{cls.__name__}: {error}") from None
    if not (cls.settings is None or isinstance(cls.settings, hypothesis_settings)):
        raise InvalidArgument(
            f"{cls.__name__}.settings = {cls.settings!r} are no Hypothesis settings. Write "
            "settings = hypothesis.settings(max_examples=200)."
        )


def _check_client(cls: type[Promises]) -> None:
    """Refuse a client that there is not, by the name that it had once as well."""
    if cls.client in get_args(Client):
        return
    meant = close_names(str(cls.client), get_args(Client))
    if str(cls.client) == "ours":
        meant = "\nWrite client = 'testkit' for the client of flyte_testkit.client."
    raise InvalidArgument(
        f"{cls.__name__}.client = {cls.client!r}: the code drives 'flytekit' or 'testkit'.{meant}"
    )


def check_number(cls: type[Promises], name: str, *, above: bool) -> None:
    """Refuse a promise that is no number, or too small a one."""
    value = getattr(cls, name)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0 or (above and value == 0):
        least = "more than 0" if above else "0 or more"
        raise InvalidArgument(f"{cls.__name__}.{name} = {value!r}: it is a number, {least}.")
