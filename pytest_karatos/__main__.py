"""The entry point of ``python -m pytest_karatos``, for everything that is not a test run.

The only thing done here is to hand the process's surroundings down.
"""

import os
import sys
from pathlib import Path

from pytest_karatos.cli.main import call
from pytest_karatos.cli.shell import Shell

if __name__ == "__main__":
    shell = Shell(environ=dict(os.environ), folder=Path.cwd(), out=sys.stdout, err=sys.stderr)
    sys.exit(call(sys.argv[1:], shell))
