"""The house has floors, and imports point down: a drawing that cannot rot."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "flyte_testkit"

# Each step may import those above it in this list. Modules of one step do not import each other.
STEPS = [
    ("0 ground", {"errors"}),
    ("1 values", {"clock", "msgpack", "propeller", "surprises"}),
    ("1 values", {"failures"}),
    ("1 values", {"timeline"}),
    ("2 FlyteAdmin without a network", {"references"}),
    ("2 FlyteAdmin without a network", {"literals"}),
    ("2 FlyteAdmin without a network", {"admin"}),
    ("3 the wire", {"wire"}),
    ("2 FlyteAdmin without a network", {"guesses", "launches", "naming", "schedules"}),
    ("2 FlyteAdmin without a network", {"stubs"}),
    ("2 FlyteAdmin without a network", {"engine", "inferred"}),
    ("2 FlyteAdmin without a network", {"admissions", "definitions"}),
    ("2 FlyteAdmin without a network", {"backend", "misfits"}),
    ("2 FlyteAdmin without a network", {"registry"}),
    ("2 FlyteAdmin without a network", {"scripting"}),
    ("4 the two machines", {"client", "past"}),
    ("4 the two machines", {"server"}),
    ("5 wings", {"environment", "flytekit_bridge", "render", "strategies", "world"}),
    ("5a the door without fixtures", {"fake"}),
    ("5b laws", {"laws"}),
    ("6 roof", {"serving"}),
    ("6 roof", {"cli", "plugin"}),
    ("6 roof", {"options"}),
    ("6 roof", {"fixtures"}),
    ("6 roof", {"lasting"}),
    ("6 roof", {"__main__"}),
]

# What each floor may import from outside, besides the standard library and what lies below.
OUTSIDE = {
    "0 ground": set(),
    "1 values": {"typing_extensions"},  # types only
    "2 FlyteAdmin without a network": {"flyteidl", "google"},
    "3 the wire": {"flyteidl", "google", "grpc", "grpc_status"},
    "4 the two machines": {"flyteidl", "google", "grpc", "grpc_status"},
    "5 wings": {"dateutil", "flytekit", "freezegun", "hypothesis", "keyring"},
    "5a the door without fixtures": set(),
    "5b laws": set(),
    "6 roof": {"pytest"},
}

# Late imports upward, inside functions only, each with its reason.
UPWARD = {
    ("server", "flytekit_bridge"): "remote() reaches for the optional client",
    ("scripting", "flytekit_bridge"): "register(entity) does so, too",
    ("server", "environment"): "env() spares users an import of a wing",
    ("plugin", "options"): "a run that sets no option pays for none",
    ("plugin", "fixtures"): "a run that uses no fixture pays for none",
    ("plugin", "lasting"): "likewise",
}

STEP_OF = {module: number for number, (_, modules) in enumerate(STEPS) for module in modules}
FLOOR_OF = {module: floor for floor, modules in STEPS for module in modules}


def sources():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield parts[0], path


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "flyte_testkit":
                yield from ((f"flyte_testkit.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield str(node.module), node.lineno


def is_late(path, line):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(
        node.lineno < line <= node.end_lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions)
    )


def violations():
    for module, path in sources():
        name = path.relative_to(PACKAGE.parent)
        if module not in STEP_OF:
            yield f"{name} stands on no floor: give it one in {Path(__file__).name}"
            continue
        for imported, line in imports(path):
            root, *rest = imported.split(".")
            if root != "flyte_testkit":
                if root in KNOWN_OUTSIDE and root not in allowed_outside(module):
                    yield f"{name}:{line} (floor {FLOOR_OF[module]}) imports {root}"
                continue
            target = rest[0] if rest else "__init__"
            if target == module or is_value_of_the_door(target):
                continue
            late = (module, target) in UPWARD and is_late(path, line)
            if target not in STEP_OF or (STEP_OF[target] >= STEP_OF[module] and not late):
                floor = FLOOR_OF.get(target, "none")
                yield (f"{name}:{line} (floor {FLOOR_OF[module]}) imports {target} (floor {floor})")


KNOWN_OUTSIDE = set().union(*OUTSIDE.values()) | {"yaml", "_pytest", "numpy", "pandas"}


def allowed_outside(module):
    """What its floor may import: that the wire stands below brings gRPC to nobody on floor 2."""
    floors = list(OUTSIDE)
    return set().union(*(OUTSIDE[floor] for floor in floors[: floors.index(FLOOR_OF[module]) + 1]))


def is_value_of_the_door(target):
    """``from flyte_testkit import running``: the door shows values of floors 0 and 1."""
    import flyte_testkit

    return target in flyte_testkit.__all__ and target not in STEP_OF


def test_imports_point_downwards():
    assert list(violations()) == []


def test_exceptions_to_the_floors_are_still_needed():
    used = {
        (module, rest[0])
        for module, path in sources()
        for imported, _ in imports(path)
        if (rest := imported.split(".")[1:]) and (module, rest[0]) in UPWARD
    }
    assert used == set(UPWARD)


def test_no_module_outgrows_its_room():
    too_long = {
        str(path.relative_to(PACKAGE)): lines
        for _, path in sources()
        if (lines := len(path.read_text().splitlines())) > 350
    }
    assert too_long == {}
