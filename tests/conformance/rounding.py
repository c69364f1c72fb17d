"""What a story of an engine does not say in full: when things were, and what stood in long texts.

A story counts seconds from its first event, to a tenth, and leaves stacks out of messages. Here it
gets moments and stacks, and answers are forgiven what the recording cannot know. Ignorant of what
the story is about.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

BEGINNING = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
"""When the first event of ``main`` came."""

TIME = re.compile(r"\$\{t([+-][\d.]+)\}")
ROUNDED = 0.1
"""How far off a duration may be, in seconds: both its ends are rounded, but not itself."""

LEFT_OUT = "\n\n …"
STACK = "\n\n    Traceback (most recent call last):\n" + 9 * '\n      File "flows.py", line 1\n'
"""Stands for the stack that was left out of a message, and is longer than what lists show."""
CUT, CUT_AFTER = "…[cut by admin after 100 bytes]", 100


def moment(seconds):
    """The moment so many seconds after the beginning."""
    return BEGINNING + timedelta(seconds=seconds)


def written(instant):
    """A moment as proto-JSON."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp.ToJsonString()


def read(text):
    """The moment that proto-JSON says."""
    stamp = Timestamp()
    stamp.FromJsonString(text)
    return stamp.ToDatetime(timezone.utc)


def in_full(value):
    """A story with moments for its times and a stack wherever one was left out."""
    if isinstance(value, str):
        if time := TIME.fullmatch(value):
            return written(moment(float(time[1])))
        return value.replace(LEFT_OUT, STACK)
    if isinstance(value, dict):
        return {key: in_full(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [in_full(inner) for inner in value]
    return value


def in_brief(text):
    """A text as a story has it, without the stacks that stand for those that were left out."""
    return text.replace(STACK, LEFT_OUT)


def is_forgiven(difference):
    """Whether a story cannot know better: what lasted, and what a list cuts, it has but roughly."""
    answered, recorded = difference.answered, difference.recorded
    if not (isinstance(answered, str) and isinstance(recorded, str)):
        return False
    if recorded.endswith(CUT):
        start = recorded.removesuffix(CUT)
        alike = answered.startswith(start) or start.startswith(answered)
        return alike and len(answered.encode()) == CUT_AFTER
    one, other = Duration(), Duration()
    try:
        one.FromJsonString(answered)
        other.FromJsonString(recorded)
    except ValueError:
        return False
    return abs(one.ToNanoseconds() - other.ToNanoseconds()) <= ROUNDED * 1e9
