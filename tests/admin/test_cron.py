from __future__ import annotations

import pytest

from flyte_testkit.admin.definitions.cron import InvalidCronError, check_cron
from flyte_testkit.admin.errors import AdminError


@pytest.mark.parametrize(
    "expression",
    [
        "0 8 * * *",
        "*/15 0-23/2 1,15 jan-DEC ?",
        "5/10 * * * mon",
        "0  0\t1 1 0",
        "@daily",
        "@every 1h30m",
        "TZ=Europe/Berlin 0 8 * * *",
        "CRON_TZ=UTC @hourly",
        ", * * * *",
    ],
)
def test_takes_five_fields_or_a_descriptor_after_a_zone_if_any(expression):
    check_cron(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("bad", "expected exactly 5 fields, found 1: [bad]"),
        ("* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* 24 * * *", "end of range (24) above maximum (23): 24"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * 13 *", "end of range (13) above maximum (12): 13"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        (
            "x * * * *",
            'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
        ),
        (
            '"5" * * * *',
            r'failed to parse int from "5": strconv.Atoi: parsing "\"5\"": invalid syntax',
        ),
        ("-1 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("*/-2 * * * *", "negative number (-2) not allowed: -2"),
        ("@x", "unrecognized descriptor: @x"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
        ("@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'),
        (
            "@every 1d",
            'failed to parse duration @every 1d: time: unknown unit "d" in duration "1d"',
        ),
        ("@every ", 'failed to parse duration @every : time: invalid duration ""'),
        ("@every 1.5", 'failed to parse duration @every 1.5: time: missing unit in duration "1.5"'),
        (
            "99999999999999999999 * * * *",
            (
                "failed to parse int from 99999999999999999999: strconv.Atoi: "
                'parsing "99999999999999999999": value out of range'
            ),
        ),
        ("TZ=../x 0 8 * * *", "provided bad location ../x: time: invalid location name"),
        ("TZ=Mars/X 0 8 * * *", "provided bad location Mars/X: unknown time zone Mars/X"),
    ],
)
def test_says_why_an_expression_is_none(expression, message):
    with pytest.raises(InvalidCronError) as refusal:
        check_cron(expression)
    assert str(refusal.value) == message


def test_a_zone_with_nothing_behind_it_makes_the_server_stumble():
    with pytest.raises(AdminError) as refusal:
        check_cron("TZ=UTC")
    assert (refusal.value.code, refusal.value.message) == ("INTERNAL", "")
