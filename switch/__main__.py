"""`python -m switch` is `hitless-switch`."""

import sys

from switch.cli import main

sys.exit(main())
