"""The house, drawn: which module stands on which floor. ``test_floors.py`` holds the code to it.

Ground first. Each line may import the lines above it, and nothing else of its package; modules of
one line do not import each other. A name is a module or a package; ``__init__`` is the package's
own door. Everything counts as an import: those inside functions, and those for type checkers only.
"""

# The whole package, floor by floor; a floor may go on above another.
HOUSE = [
    ("0 ground", ["errors weak"]),
    ("1 values", ["clock msgpack propeller unforeseen", "failures", "timeline", "nodes"]),
    ("2 FlyteAdmin without a network", ["references", "literals", "admin", "flow"]),
    ("3 the wire", ["wire"]),
    (
        "2 FlyteAdmin without a network",
        [
            "inside",  # what happens in executions, read as clients read it
            "guesses launches naming replacing schedules",  # what tests say of launches
            "engine",
            "walk",  # what an engine sends that plays nodes
            "graphs",  # workflows made of scripts, and who plays what
            "glances stubs",
            "ready",  # stubs as FlyteAdmin makes them
            "inferred",
            "children definitions",  # what nodes launch; what is registered
            "settings",  # what executions meet
            "beside",  # what is registered, for what dynamic tasks yield
            "trees",  # which scripts of nodes fit what is registered
            "admissions lives",
            "misfits",
            "backend",  # FlyteAdmin and its engine, under one lock
            "registering",
            "registry",
            "scripting",
        ],
    ),
    ("4 the two machines", ["acting client past", "server"]),
    ("5 wings", ["environment flytekit_bridge render strategies world"]),
    (
        "5a the door without fixtures",
        [
            "scene",  # one for many servers
            "fake",
            "__init__",  # ``from flyte_testkit import running``: a lazy door to what lies below
        ],
    ),
    ("5b laws", ["laws"]),
    ("6 roof", ["serving", "cli plugin", "options", "fixtures", "lasting", "__main__"]),
]

# What each floor may import from outside, besides the standard library and what lower floors may.
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

# The packages inside, likewise.
ROOMS = {
    "propeller": [
        "names pace phases wording",
        "places",
        "__init__",
    ],
    "clock": [
        "_stacks _tasks",  # where other threads are, and their loops
        "_heard _members _rest _schedule _standstill _types marks",
        "_sleeper _system _traffic",
        "_calls",
        "_turns",  # what is due, and whose turn it is
        "_door _watch",
        "_mover",  # the members and their waits: one door through which turns and time move
        "_where",
        "_hopeless",
        "_court",  # what becomes of waits that cannot end
        "_judge _participation",
        "_virtual",
        "_governing",
        "__init__",
    ],
    "failures": [
        "_failure _texts",
        "_calls _tasks",
        "_nodes",
        "__init__",
    ],
    "timeline": [
        "_durations",
        "_parts",
        "_keywords _task_steps _text",
        "_endings _reaction _reader",
        "_value _yields",
        "_attempt",  # what an attempt of a task does
        "_open",
        "__init__",
    ],
    "nodes": [
        "_names _text retries",
        "_flaw _promise _values order",  # what is wrong with a node, given to it, before it
        "_node",
        "_cached",
        "_items",
        "_array _gate _stops _task",
        "_inside",
        "_dynamic",
        "_groups",
        "_wholes",
        "_launch_plan",  # which launches a whole
        "_flawed",  # any of them
        "facts",  # what follows from all of it, for those who play it
        "__init__",
    ],
    "literals": [
        "inference naming spans structs",
        "dataclass_types schemas",
        "fields",  # whether a value has those that are declared
        "scalars types",
        "reading values",
        "forms",
        "__init__",
    ],
    "flow": [
        "_demand _go_values _mapped _schemas _wrong",
        "_conditions _content _paths",
        "_bindings _plain",
        "_demands _outputs",
        "__init__",
    ],
    "admin": [
        "go settings version",  # how Go counts, spells and quotes; what the server is told
        "errors",
        "database",  # rows and tables, what columns hold, how they compare
        "lists rules",  # pages, filters and sorting; what a request may say
        "compiler projects",  # projects, and the attributes that they are given
        "definitions",  # tasks, workflows, launch plans, and their names
        "executions",  # launching and stopping them
        "runs",  # the events of nodes and tasks, and what comes of them
        "data",  # signed URLs, and what is read and written by them
        "flyte_admin",  # one method for each RPC
        "__init__",
    ],
    "admin/compiler": [
        "errors type_text",
        "requirements tasks",
        "graph",  # nodes and edges: the site of one workflow
        "branches compilation promises",
        "bindings",
        "interfaces",
        "workflows",
        "__init__",
    ],
    "inside": [
        "_graph _reader _values",
        "_siblings",
        "_runs",
        "_failing",
        "__init__",
    ],
    "launches": [
        "_launch",
        "_criteria _scripts",
        "_route",
        "_routes",
        "__init__",
    ],
    "engine": [
        "catalogue history performance",
        "families inside nursery rehearsal runs stage",
        "scripts",
        "outline played",
        "engine",
        "__init__",
    ],
    "walk": [
        "cast failing late limits setting terminating",  # who plays what, and where; who ends it
        "site",  # where a node stands
        "flawed pods slots",  # what is said of an attempt, or of none; whose turn it is
        "company graph",  # who plays; who waits for whom
        "lone scope",  # the only one there is; one workflow of them
        "caching",
        "dynamics",  # what a task has yielded
        "cached_items recovered",
        "sparing",  # who need not run
        "branches gates launch_plans subworkflows tasks",  # the kinds
        "items",  # each of a map is a task's
        "arrays",
        "kinds",
        "whole",
        "__init__",
    ],
    "graphs": [
        "compiled kinds mapped waits",
        "arms drawn lengths",
        "bound joining plans",
        "templates",
        "mapping",
        "yielded",  # what dynamic tasks make
        "casting",
        "__init__",
    ],
    "wire": [
        "answers connectivity fault_arguments listener names packed plain_channels",
        "services signatures targets transports",
        "call_credentials journal limits object_answers reservation service statuses",
        "guard object_store outcomes sent_metadata",
        "exchange",
        "direct_calls fault grpc_carrier openings",
        "direct_methods faults",
        "direct_channel",
        "direct_server",
        "host",
        "__init__",
    ],
    "client": [
        "_model _schema _time _yaml exceptions phases",
        "_data _waiting config models",  # the messages, field by field; the rhythm of waiting
        "_auth _channel _console _reading _writing entities",
        "_launching _rpc literals",  # one call: its deadline, its retries, its exception
        "_fetching _live",
        "_connection executions",  # executions ask three things of a remote: a protocol says which
        "_nodes _signals",
        "_watching",  # sync and wait
        "remote",
        "__init__",
    ],
    "render": [
        "_again _signals _values",
        "_hints",
        "_nodes",
        "_lives",
        "__init__",
    ],
    "strategies": [
        "_arguments _descriptors _drawing _error_texts _readable _times",
        "_errors _faults _flaws _identifiers _literals _messages _printing",
        "_attempts _definitions _executions _timelines",
        "_leaves _theatre",  # what waits and maps do; where trees are played
        "_wholes",
        "_scenes _scripts _trees",
        "_nodes _tasks",
        "__init__",
    ],
    "world": [
        "_births _leftovers _local_time _outside _places _telling _timers",
        "_ticks",
        "_reins",  # who is code under test, and who is machinery
        "_alarms _bindings _datetimes _lives _looks _older_threads _readings _sleeps _threads",
        "_conditions _locks _loops _owners _strangers",
        "_held _older_locks _patched _pools _rpcs",
        "_aio _repairs _thread_pools",
        "_patches",
        "_world",
        "__init__",
    ],
    "laws": [
        "_backend _bounds _others _rivals _spending _tree_kinds _tree_names",
        "_machine _promises _stage _tree_shapes _tree_truth",  # what suites promise of the code
        "_stories _tree_promises _tree_wrongs",
        "_outage_stories _tree_answers _tree_counts _tree_stories",
        "_watching",  # one run of that code, and what was seen of it
        "_launched _report _tree_looks",  # how a broken law is told
        "_crowds _launches _suite _tree_tests",
        "_launch_tests _wait_tests",
        "_outages _sharing",  # the laws themselves, from here on
        "_launching _manners _trees",
        "_waiting",
        "__init__",
    ],
}
