"""Authentication for Plotly Dash apps.

A drop-in for dash-auth: `BasicAuth(app, users)` protects an app, `public_routes` and
`public_callback` open what needs no login.
"""

try:
    from dash_auth import audit, sessions
    from dash_auth._current import User, current_user
    from dash_auth._unavailable import Unavailable
    from dash_auth._upstream import warn_if_installed as _warn_if_installed
    from dash_auth.basic_auth import BasicAuth
    from dash_auth.components import login_form, logout_button, user_menu
    from dash_auth.explain import Report, explain
    from dash_auth.form_auth import FormAuth
    from dash_auth.group_protection import check_groups, list_groups, protected, protected_callback
    from dash_auth.identity import require_user
    from dash_auth.logins.throttle import Throttle
    from dash_auth.oidc_auth import OIDCAuth, get_oauth
    from dash_auth.page_protection import can_see, protect_page, visible_pages
    from dash_auth.public_routes import add_public_routes, public_callback
    from dash_auth.recent_login import require_recent_login
    from dash_auth.required_groups import require_groups
    from dash_auth.version import __version__
except ImportError as _error:
    from dash_auth._installed import stop as _stop

    _stop(_error)

__all__ = [
    "BasicAuth",
    "FormAuth",
    "OIDCAuth",
    "Report",
    "Throttle",
    "Unavailable",
    "User",
    "__version__",
    "add_public_routes",
    "audit",
    "can_see",
    "check_groups",
    "current_user",
    "explain",
    "get_oauth",
    "list_groups",
    "login_form",
    "logout_button",
    "protect_page",
    "protected",
    "protected_callback",
    "public_callback",
    "require_groups",
    "require_recent_login",
    "require_user",
    "sessions",
    "user_menu",
    "visible_pages",
]

_warn_if_installed()
