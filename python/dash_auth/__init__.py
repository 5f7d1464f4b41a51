"""Authentication for Plotly Dash apps.

A drop-in for dash-auth: `BasicAuth(app, users)` protects an app, `public_routes` and
`public_callback` open what needs no login.
"""

from ._unavailable import Unavailable
from ._upstream import warn_if_installed as _warn_if_installed
from .basic_auth import BasicAuth
from .explain import Report, explain
from .group_protection import check_groups, list_groups, protected, protected_callback
from .identity import User, current_user, require_user
from .oidc_auth import OIDCAuth, get_oauth
from .public_routes import add_public_routes, public_callback
from .version import __version__

__all__ = [
    "BasicAuth",
    "OIDCAuth",
    "Report",
    "Unavailable",
    "User",
    "__version__",
    "add_public_routes",
    "check_groups",
    "current_user",
    "explain",
    "get_oauth",
    "list_groups",
    "protected",
    "protected_callback",
    "public_callback",
    "require_user",
]

_warn_if_installed()
