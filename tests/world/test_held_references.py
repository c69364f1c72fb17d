from __future__ import annotations

import gc
import queue
import sys
import textwrap
import time
import types
import warnings
import weakref
from datetime import date, datetime, timezone
from functools import partial

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import _held, _repairs, governed_by

UTC = timezone.utc
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")


def year(value):
    """Return the year of a reading of whichever kind."""
    return value.year if isinstance(value, date) else datetime.fromtimestamp(value, UTC).year


# What is repaired: a line of code before the world, and an expression inside it that reads

READINGS = {
    "a factory of a dataclass": (
        "@dataclass\nclass Job: at: float = field(default_factory=time.time)",
        "Job().at",
    ),
    "a factory of a dataclass with slots": (
        "@dataclass(slots=True)\nclass Job: at: datetime = field(default_factory=datetime.utcnow)",
        "Job().at",
    ),
    "a factory of a frozen dataclass": (
        "@dataclass(frozen=True)\nclass Job: at: datetime = field(default_factory=datetime.now)",
        "Job().at",
    ),
    "a factory of a field that a class inherits": (
        """
        @dataclass
        class Base: at: datetime = field(default_factory=datetime.utcnow)
        @dataclass
        class Job(Base): name: str = ""
        """,
        "Job().at",
    ),
    "a column's default, as SQLAlchemy wraps it": (
        """
        class Default:
            def __init__(self, arg): self.arg = lambda context: arg()
        class Column:
            def __init__(self, default): self.default = Default(default)
        class Row: created = Column(default=datetime.utcnow)
        """,
        "Row.created.default.arg(None)",
    ),
    "a name for a method": ("NOW = datetime.now", "NOW()"),
    "a name for a method with a time zone": ("NOW = datetime.now", "NOW(timezone.utc)"),
    "a name for a method of date": ("TODAY = date.today", "TODAY()"),
    "a method of a subclass": ("class Stamp(datetime): pass\nNOW = Stamp.now", "NOW()"),
    "a subclass": ("class Stamp(datetime): pass", "Stamp.utcnow()"),
    "a subclass of a subclass": ("class A(datetime): pass\nclass B(A): pass", "B.today()"),
    "a subclass of date": ("class Day(date): pass", "Day.today()"),
    "the class under another name": ("import datetime as dt\nClock = dt.datetime", "Clock.now()"),
    "the class in a tuple": ("KINDS = (datetime, date)", "KINDS[0].now()"),
    "the class in an object": (
        "class Loop: pass\nloop = Loop(); loop.kind = date",
        "loop.kind.today()",
    ),
    "a dict": ("HOOKS = {'now': time.time, 'n': 1}", "HOOKS['now']()"),
    "a dict in a dict": ("HOOKS = {'a': {'now': time.time}}", "HOOKS['a']['now']()"),
    "a dict with an order": ("HOOKS = OrderedDict(now=datetime.utcnow)", "HOOKS['now']()"),
    "a dict with a factory": ("SEEN = defaultdict(time.time)", "SEEN['job']"),
    "a list": ("CHAIN = [print, time.time, time.time]", "CHAIN[2]()"),
    "a list in a tuple": ("CHAIN = ([time.time],)", "CHAIN[0][0]()"),
    "a deque": ("CHAIN = deque([datetime.now])", "CHAIN[0]()"),
    "a set": ("CHAIN = {time.time}", "[*CHAIN][0]()"),
    "an object": ("loop = SimpleNamespace(now=time.time)", "loop.now()"),
    "an object with slots": (
        """
        class Loop:
            __slots__ = ("now",)
            def __init__(self): self.now = datetime.now
        class More(Loop):
            __slots__ = ("other",)
        loop = More()
        """,
        "loop.now()",
    ),
    "an object that refuses": (
        """
        class Loop:
            def __init__(self): vars(self)["now"] = time.time
            def __setattr__(self, name, value): raise AttributeError(name)
        loop = Loop()
        """,
        "loop.now()",
    ),
    "a class": ("class Loop: now = time.time", "Loop.now(), Loop().now()"),
    "a class, as a static method": ("class Loop: now = staticmethod(time.time)", "Loop().now()"),
    "a class, as a method of datetime": ("class Loop: now = datetime.utcnow", "Loop().now()"),
    "a class of an enumeration": ("class Clock(Enum): WALL = time.time", "Clock.WALL.value()"),
    "a partial in an enumeration": (
        "class Clock(Enum): WALL = partial(time.time)\nwall = Clock.WALL",
        "getattr(wall, 'value', wall)()",
    ),
    "a closure": ("def over(now): return lambda: now()\nread = over(time.time)", "read()"),
    "a closure over a method": (
        "def over(now): return lambda: now()\nread = over(datetime.utcnow)",
        "read()",
    ),
    "a default": ("def read(now=time.time, n=1): return now()", "read()"),
    "a default that is a method": ("def read(now=datetime.now): return now()", "read()"),
    "a default by keyword": ("def read(*, now=time.time, n=1): return now()", "read()"),
    "a default of a method": (
        "class Loop:\n  def read(self, now=datetime.utcnow): return now()",
        "Loop().read()",
    ),
    "a function's own attribute": ("def read(): return read.now()\nread.now = time.time", "read()"),
    "a partial": ("read = partial(time.time)", "read()"),
    "a partial's argument": ("read = partial(lambda now: now(), time.time)", "read()"),
    "a partial's keyword": ("read = partial(lambda now: now(), now=time.time)", "read()"),
    "a partial in an object": (
        "loop = SimpleNamespace(read=partial(datetime.now, timezone.utc))",
        "loop.read()",
    ),
    "a mock that wraps": ("read = mock.Mock(wraps=time.time)", "read()"),
    "a mock with a side effect": ("read = mock.Mock(side_effect=datetime.utcnow)", "read()"),
    "clock_gettime": (
        "read = SimpleNamespace(of=time.clock_gettime, clock=time.CLOCK_REALTIME)",
        "read.of(read.clock)",
    ),
}

IMPORTS = """
import time
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from enum import Enum
from functools import partial
from types import SimpleNamespace
from unittest import mock
"""


def modules_of(module_of, cases):
    """Return how each case reads, as a function, each in a module of its own."""
    looks = {}
    for number, (name, (before, read)) in enumerate(cases.items()):
        code = module_of(IMPORTS + textwrap.dedent(before), f"code_under_test_{number}")
        exec(f"def look(): return {read}", vars(code))  # noqa: S102  code of the test's own
        looks[name] = code.look
    return looks


def years(looks):
    seen = {name: look() for name, look in looks.items()}
    many = {name: it if isinstance(it, tuple) else (it,) for name, it in seen.items()}
    return {name: ", ".join({str(year(it)) for it in each}) for name, each in many.items()}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no clock_gettime")
def test_readings_follow_the_clock_wherever_they_are_held(module_of):
    looks = modules_of(module_of, READINGS)
    virtual = datetime(2031, 5, 5, tzinfo=UTC)
    for _ in range(2):
        with governed_by(VirtualClock(virtual)):
            assert {name: seen for name, seen in years(looks).items() if seen != "2031"} == {}
        real = {name: seen for name, seen in years(looks).items() if seen == "2031"}
        assert real.keys() <= {"a dict with a factory"}  # which remembers


def test_what_is_made_between_two_worlds_is_found_too(module_of):
    module_of(IMPORTS)
    for age in (0, 1, 2):
        with governed_by(VirtualClock()):
            pass
        looks = modules_of(module_of, READINGS)
        gc.collect(age)
        with governed_by(VirtualClock(datetime(2031, 5, 5, tzinfo=UTC))):
            assert {name: seen for name, seen in years(looks).items() if seen != "2031"} == {}


def test_what_is_made_without_an_import_is_found_too(clock, module_of):
    code = module_of(IMPORTS)
    for before, read in [*READINGS.values()][::6]:  # each is two searches
        with governed_by(clock):
            pass
        exec(textwrap.dedent(before), vars(code))  # noqa: S102  code of the test's own
        exec(f"def look(): return {read}", vars(code))  # noqa: S102
        with governed_by(VirtualClock(datetime(2031, 5, 5, tzinfo=UTC))):
            assert years({read: code.look}) == {read: "2031"}


SLEEPS = {
    "a dict": ("HOOKS = {'sleep': time.sleep}", "HOOKS['sleep'](5)"),
    "a list": ("CHAIN = [time.sleep]", "CHAIN[0](5)"),
    "an object": ("loop = SimpleNamespace(sleep=time.sleep)", "loop.sleep(5)"),
    "an object with slots": (
        "class Loop:\n  __slots__ = ('sleep',)\nloop = Loop(); loop.sleep = time.sleep",
        "loop.sleep(5)",
    ),
    "a partial": ("nap = partial(time.sleep, 5)", "nap()"),
    "a partial in an object": ("loop = SimpleNamespace(nap=partial(time.sleep, 5))", "loop.nap()"),
    "a closure": ("def over(sleep): return lambda: sleep(5)\nnap = over(time.sleep)", "nap()"),
    "a mock": ("nap = mock.Mock(side_effect=time.sleep)", "nap(5)"),
    "a class": ("class Loop: sleep = time.sleep", "Loop().sleep(5)"),
}


@pytest.mark.parametrize("name", SLEEPS)
def test_a_sleep_moves_the_clock_if_it_is_held_by(clock, module_of, name):
    before, nap = SLEEPS[name]
    code = module_of(IMPORTS + before)
    with governed_by(clock):
        exec(nap, vars(code))  # noqa: S102  code of the test's own
    assert clock.elapsed == 5


def test_a_thread_made_before_sleeps_on_the_clock(clock, module_of):
    code = module_of(
        "import threading, time\nthread = threading.Thread(target=time.sleep, args=(60,))"
    )
    with governed_by(clock):
        code.thread.start()
        code.thread.join()
        time.sleep(100)
    assert clock.elapsed >= 100


# All is put back


ALL = (
    IMPORTS
    + """
class Loop:
    now = time.time
    static = staticmethod(time.time)
    utc = datetime.utcnow
    def __init__(self): self.now = time.time; self.hooks = {"a": [time.sleep]}
    def read(self, now=time.monotonic, *, utc=datetime.utcnow): pass
class Slim:
    __slots__ = ("now", "__weakref__")
    def __init__(self): self.now = time.time
class Clock(Enum): WALL = time.time
class Stamp(datetime): pass
def over(now): return lambda: now()
closure = over(time.time)
HOOKS, CHAIN = {"now": time.time}, [time.time, datetime.now]
SET, LINE = {time.time}, deque([time.time])
NOW, PART, SEEN = datetime.now, partial(time.sleep, 5, now=time.time), defaultdict(time.time)
loop, slim = Loop(), Slim()
"""
)


def inside(code):
    """Return everything that a module of ``ALL`` holds, by identity."""
    return [
        *vars(code.Loop).items(),
        *vars(code.loop).items(),
        *vars(code.Stamp).items(),
        *code.HOOKS.items(),
        *code.CHAIN,
        *code.SET,
        *code.LINE,
        *(code.PART.func, code.PART.args, code.PART.keywords["now"], code.SEEN.default_factory),
        *(code.closure.__closure__[0].cell_contents, code.slim.now, code.Clock.WALL.value),
        *(code.Loop.read.__defaults__, code.Loop.read.__kwdefaults__["utc"]),
        *(code.loop.hooks["a"][0], code.NOW),
    ]


def same(one, other):
    flat = [
        [x for it in each for x in (it if type(it) is tuple else [it])] for each in (one, other)
    ]
    return [a is b for a, b in zip(*flat, strict=True)]


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_everything_is_put_back_exactly(clock, module_of, error):
    code = module_of(ALL)
    before = inside(code)
    for _ in range(3):
        try:
            with governed_by(clock):
                assert not all(same(before, inside(code)))
                if error is not None:
                    raise error
        except (ValueError, KeyboardInterrupt):
            pass
        assert all(same(before, inside(code)))
        assert gc.isenabled()


def test_what_the_test_has_put_in_a_place_meanwhile_stays(clock, module_of):
    code = module_of(ALL)

    def own(*_):
        pass

    with governed_by(clock):
        code.HOOKS["now"] = code.loop.now = code.slim.now = code.Loop.now = code.NOW = own
        code.SEEN.default_factory = code.CHAIN[0] = code.Loop.read.__defaults__ = None
        code.closure.__closure__[0].cell_contents = own
        code.SET.clear()
        code.LINE.clear()
        code.PART.__setstate__((own, (), {}, None))
        del code.loop.hooks["a"]
        code.Loop.static = staticmethod(own)
    assert {code.HOOKS["now"], code.loop.now, code.slim.now, code.Loop.now, code.NOW} == {own}
    assert [code.SEEN.default_factory, code.CHAIN[0], code.Loop.read.__defaults__] == [None] * 3
    assert code.closure.__closure__[0].cell_contents is own
    assert (code.SET, len(code.LINE), code.PART.func, code.loop.hooks) == (set(), 0, own, {})
    assert code.CHAIN[1] == datetime.now


def test_what_has_moved_in_a_list_is_put_back_where_it_is(clock, module_of):
    code = module_of("import time\nCHAIN = [time.time, 1]")
    with governed_by(clock):
        code.CHAIN.insert(0, 0)
        code.CHAIN.append(2)
    assert [0, time.time, 1, 2] == code.CHAIN


def test_what_has_died_is_no_matter(clock, module_of):
    code = module_of(ALL)
    dead = weakref.ref(code.loop), weakref.ref(code.slim), weakref.ref(code.Loop)
    with governed_by(clock):
        vars(code).clear()
        gc.collect()
        assert [ref() for ref in dead] == [None, None, None]
    with governed_by(VirtualClock()):
        pass


def test_nothing_is_kept_alive_between_worlds(clock, module_of):
    code = module_of("import time\nclass Big: pass\nHOOKS = {'now': time.time, 'big': Big()}")
    big = weakref.ref(code.HOOKS["big"])
    with governed_by(clock):
        del code.HOOKS
    gc.collect()
    assert big() is None


# What comes between two worlds


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_what_grew_old_between_two_worlds_is_found_too(clock, module_of, generation):
    code = module_of(IMPORTS)
    with governed_by(clock):
        pass
    exec("HOOKS = {'now': datetime.now}", vars(code))  # noqa: S102  code of the test's own
    for _ in range(3):
        gc.collect(generation)
    with governed_by(clock):
        assert code.HOOKS["now"]().year in {2023, 2024}


@pytest.mark.parametrize("line", ["QUEUES = {'new': SimpleQueue}", "MADE = lambda: SimpleQueue"])
def test_a_class_that_a_new_module_holds_is_found_too(clock, module_of, line):
    with governed_by(clock):
        pass
    code = module_of("def made(): from queue import SimpleQueue; " + line + "; return locals()")
    code.kept = code.made()
    with governed_by(clock):
        made = code.kept["QUEUES"]["new"]() if "QUEUES" in code.kept else code.kept["MADE"]()()
        with pytest.raises(queue.Empty):
            made.get(timeout=60)
    assert clock.elapsed == 60


def test_one_search_is_enough_while_nothing_changes(clock, module_of, monkeypatch):
    module_of(ALL)
    with governed_by(clock):
        pass
    searched = []

    real = _held.Holdings

    def counted(*args):
        searched.append(1)
        return real(*args)

    monkeypatch.setattr(_held, "Holdings", counted)
    for number in range(20):
        module_of("import time", f"code_under_test_{number}")
        with governed_by(VirtualClock()):
            datetime.now()
            time.sleep(5)
    assert len(searched) <= 1


# What is only told

STRAYS = {
    "PAIR = (1, time.time)": r"PAIR\[1\] has held time\.time",
    "CLOCK = namedtuple('Clock', 'now')(datetime.now)": r"CLOCK\.now has held datetime\.now",
    "KINDS = frozenset([time.sleep])": r"KINDS \(a frozenset\) has held time\.sleep",
    "NAPS = map(time.sleep, [1])": r"NAPS \(a map\) has held time\.sleep",
    "LAST = lru_cache(time.time)": r"LAST \(a _lru_cache_wrapper\) has held time\.time",
    "HOOKS = {'a': [(time.time,)]}": r"HOOKS\['a'\]\[0\]\[0\] has held time\.time",
    "class Loop: hooks = (date.today,)": r"Loop\.hooks\[0\] has held date\.today",
    "class Stamp(datetime): pass\nPAIR = (Stamp.now,)": r"PAIR\[0\] has held Stamp\.now",
    """
class Loop:
    def __init__(self): self.hooks = (time.time,)
loop = Loop()
""": r"code_under_test\.Loop: \.hooks\[0\] has held time\.time",
    """
def steps():
    now = time.time
    yield
    yield now()
going = steps(); next(going)
""": r"'now' of code_under_test\.steps, which is suspended, has held time\.time",
}


@pytest.mark.parametrize("line", STRAYS)
def test_what_cannot_be_repaired_is_told_by_name(clock, module_of, line):
    code = module_of(
        IMPORTS + "from collections import namedtuple\nfrom functools import lru_cache\n" + line
    )
    cure = (
        r" since before the world was entered, so its time is real\. Look .* up when it is called"
    )
    entered = governed_by(clock)
    where = r"(code_under_test\.|an object of |the variable )" + STRAYS[line]
    with pytest.warns(RuntimeWarning, match=where + cure) as told, entered:
        assert code
    assert told[0].filename == __file__
    assert len(told) == 1
    assert [stray in str(told[0].message) for stray in entered.strays] == [True]


def test_a_stray_is_told_once_and_listed_always(clock, module_of):
    module_of("import time\nPAIR = (time.time,)")
    with pytest.warns(RuntimeWarning, match="PAIR"), governed_by(clock):
        pass
    again = governed_by(VirtualClock())
    with again:
        assert again.strays == ("code_under_test.PAIR[0]",)


def test_a_stray_between_two_worlds_is_told(clock, module_of):
    code = module_of("import time")
    with governed_by(clock):
        pass
    code.PAIR = (time.time, 1)
    with pytest.warns(RuntimeWarning, match=r"code_under_test\.PAIR"), governed_by(clock):
        pass


def test_variables_of_who_enters_are_listed_and_not_warned_of(clock, module_of):
    nap, snapshot = time.sleep, {"sleep": time.sleep}
    entered = governed_by(clock)
    with warnings.catch_warnings(), entered:
        warnings.simplefilter("error")
    assert entered.strays == (f"the variable 'nap' of {__name__}.{_name()}",)
    assert nap is snapshot["sleep"]


def _name():
    return sys._getframe(1).f_code.co_name


def test_snapshots_in_variables_are_not_touched(clock):
    before = {"sleep": time.sleep, "all": [time.time]}
    with governed_by(clock):
        assert before["sleep"] is not time.sleep
        assert before["all"][0] is not time.time


def test_who_is_not_code_under_test_is_not_told_of(clock, module_of):
    code = module_of("import time\nPAIR = (time.time,)", name="grpc._made_up")
    try:
        with governed_by(clock):
            assert code.PAIR[0]() > clock.now().timestamp() + 86_400
    finally:
        del sys.modules["grpc._made_up"]


def test_the_search_wakes_no_module_that_sleeps(clock, module_of):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError(name)

    sys.modules["code_under_test.lazy"] = Lazy("code_under_test.lazy")
    module_of("import time\nPAIR = [time.time]")
    with governed_by(clock):
        pass


def test_objects_with_strange_manners_are_survived(clock, module_of):
    code = module_of(
        """
        import time
        class Odd:
            __slots__ = ("now", "__dict__")
            def __getattribute__(self, name): raise RuntimeError(name)
            def __eq__(self, other): raise RuntimeError("eq")
            __hash__ = None
        class Meta(type):
            def __setattr__(cls, name, value): raise AttributeError(name)
        class Closed(metaclass=Meta): now = time.time
        odd = Odd()
        Odd.now.__set__(odd, time.time)
        """
    )
    with governed_by(clock):
        assert year(code.Closed.now()) == 2024
        assert year(code.Odd.now.__get__(code.odd)()) == 2024
    assert code.Odd.now.__get__(code.odd) is time.time
    assert code.Closed.now is time.time


def test_partials_keep_what_else_they_have(clock, module_of):
    code = module_of(
        "import time\nfrom functools import partial\nP = partial(time.sleep, 5); P.x = 1"
    )
    assert isinstance(code.P, partial)
    with governed_by(clock):
        code.P()
        assert code.P.x == 1
    assert (code.P.func, code.P.args, code.P.x) == (time.sleep, (5,), 1)


def test_a_place_is_forgotten_with_its_owner(clock, module_of):
    code = module_of("import time\nHOOKS = {'now': time.time}\nclass Loop: now = time.time")
    with governed_by(clock):
        pass
    vars(code).clear()
    gc.collect()
    with governed_by(clock):
        places = [
            (place._holder(), place.key) for place in _held._Known.holdings.places if place.forsaken
        ]
    assert not places
    assert _repairs is not None
