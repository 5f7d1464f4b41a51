"""Runs `python -m dash_auth_check`."""

import sys

from dash_auth_check import main

if __name__ == "__main__":
    sys.exit(main())
