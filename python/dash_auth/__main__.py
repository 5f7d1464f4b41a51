"""Runs `python -m dash_auth`."""

import sys

from dash_auth._installed import main

if __name__ == "__main__":
    sys.exit(main())
