"""Python values and types on one side, Flyte's literals and literal types on the other.

Whoever scripts outputs or registers an interface writes Python; what travels is what flytekit would
send for the same annotation: tags inside unions, msgpack for dicts and dataclasses, and all.

    >>> from flyte_testkit import literals
    >>> declared = literals.literal_type(float | None)
    >>> literals.python_value(literals.literal(0.91, declared))
    0.91

A ready ``Literal`` or ``LiteralType`` passes through everywhere, and so does a model of flytekit
that can turn itself into one. Ignorant of FlyteAdmin, scripts and flytekit.
"""

from __future__ import annotations

from flyte_testkit.literals.forms import form
from flyte_testkit.literals.inference import type_of_literal
from flyte_testkit.literals.naming import describe
from flyte_testkit.literals.reading import python_value, python_values
from flyte_testkit.literals.types import infer_type, literal_type, variable_map
from flyte_testkit.literals.values import literal, literal_map

__all__ = [
    "describe",
    "form",
    "infer_type",
    "literal",
    "literal_map",
    "literal_type",
    "python_value",
    "python_values",
    "type_of_literal",
    "variable_map",
]
