"""The user of a background callback: as it was when the job was started.

A job runs in another process, where there is no request. What Dash hands to a job, its context,
takes the user along. And Dash files a job's result under what the callback was called with: the
user is part of that, or one user would be given what the job made for another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._current import JOB_USER, current_user
from dash_auth._secret_keys import Keys, seal

BEFORE_JOB = "_dash_auth_before_job"
"""The attribute of a background callback's function that holds what is called before its job is
started, in the request that starts it: it may refuse."""

_function: ContextVar[Any] = ContextVar("dash_auth_function_of_job", default=None)
"""The function whose job Dash is about to start."""


def hand_user_to_jobs(app: Dash, keys: Callable[[], Keys]) -> None:
    """Have the jobs of an app's background callbacks know who started them.

    :param app: Dash app
    :param keys: returns the keys under which the names of results are sealed, so that nobody can
        work out another's
    """
    for manager in internals.background_managers(app):
        if not hasattr(manager.call_job_fn, JOB_USER):
            _hand_user_to_jobs_of(manager, keys)


def _hand_user_to_jobs_of(manager: Any, keys: Callable[[], Keys]) -> None:
    start, name_result = manager.call_job_fn, manager.build_cache_key

    def start_with_user(key: Any, job: Any, arguments: Any, context: dict[str, Any]) -> Any:
        before = getattr(_function.get(), BEFORE_JOB, None)
        if before is not None:
            before()
        user = current_user()
        context[JOB_USER] = None if user is None else dict(user.claims)
        return start(key, job, arguments, context)

    def name_result_of_user(*arguments: Any, **options: Any) -> str:
        # Whenever a job is started, Dash has asked for the name of its result just before.
        _function.set(arguments[0] if arguments else options.get("fn"))
        name: str = name_result(*arguments, **options)
        user = current_user()
        return name if user is None else seal(keys(), "job", name, user.identifying_claims())

    setattr(start_with_user, JOB_USER, True)
    manager.call_job_fn, manager.build_cache_key = start_with_user, name_result_of_user
