"""What the developer's functions raise when a user's credentials cannot be checked just now."""


class Unavailable(Exception):
    """The users cannot be asked just now; the visitor is to come back later.

    Raise it in `auth_func` when the store of users is out of order: the request is answered 503
    with Retry-After and counts as no wrong guess, where any other exception is a wrong password.

    :func:`dash_auth.security.check_password_hash` raises it when too many passwords are being
    hashed at once.
    """
