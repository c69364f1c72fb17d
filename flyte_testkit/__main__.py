"""``python -m flyte_testkit`` is the command ``flyte-testkit``."""

import sys

from flyte_testkit.cli import main

sys.exit(main())
