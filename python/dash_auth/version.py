"""The version of this distribution."""

from dash_auth._core import __version__

__all__ = ["__version__"]
