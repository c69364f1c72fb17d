"""Whatever a scheduler may do wrong, the oracle notices: with few programs, and not by luck."""

from __future__ import annotations

import pytest
from oracle_programs import TEMPLATES
from oracle_runner import agrees, run

pytest.importorskip("oracle_mutants")

import oracle_mutants

SECONDS = 6.0  # for most mutants the first program that meets them hangs


def test_without_a_mutant_nothing_is_noticed():
    assert all(agrees(outcome) for _, outcome in run([*TEMPLATES, *range(20)]))


@pytest.mark.parametrize("mutant", oracle_mutants.MUTANTS)
def test_the_oracle_notices_that(mutant):
    programs = [*TEMPLATES, *range(60)]
    assert any(not agrees(outcome) for _, outcome in run(programs, mutant, seconds=SECONDS))
