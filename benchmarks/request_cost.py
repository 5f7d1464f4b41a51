"""What protection adds to a request, and what refusing one costs."""

from __future__ import annotations

from statistics import median
from typing import Any

from peers import Peers, answer_questions
from rows import Goal, Row, at_most, median_ratio, microseconds

ROUNDS = 7
BATCHES = 30
REQUESTS = 15
LARGE_BODY = 1_000_000

ADDED: dict[str, tuple[str, Goal]] = {
    "no_secret_key": ("Added to a callback, no secret key", at_most(0.15)),
    "no_cookie": ("Added to a callback, secret key, no cookie sent", at_most(0.15)),
    "cookie": ("Added to a callback, session cookie returned", at_most(0.15)),
    "cookie_and_public_page": (
        "Added to a callback, session cookie returned, app with a public page",
        at_most(0.15),
    ),
    "no_cookie_and_public_callback": (
        "Added to a callback, secret key, no cookie sent, app with a public callback",
        at_most(0.20),
    ),
    "public_route": ("Added to a public route of the server", at_most(0.50)),
}
REFUSED: dict[str, tuple[str, Goal]] = {
    "refused_callback": ("A refused callback, whole request", at_most(0.70)),
    "refused_large_body": ("A refused callback of 1 MB, whole request", at_most(0.02)),
}


def rows(peers: Peers) -> list[Row]:
    """Measure both packages.

    :param peers: the interpreters of both environments
    """
    found: dict[str, tuple[list[float], list[float]]] = {}
    with peers.workers(__file__) as workers:
        for _ in range(ROUNDS):
            for case in (*ADDED, *REFUSED):
                values = found.setdefault(case, ([], []))
                for worker, collected in zip(workers, values, strict=True):
                    collected.append(worker.ask("measure", case=case))
    return [
        Row(name, microseconds(ours), microseconds(upstream), median_ratio(ours, upstream), goal)
        for case, (name, goal) in (ADDED | REFUSED).items()
        for ours, upstream in [found[case]]
    ]


_calls: dict[str, dict[str, Any]] = {}


def measure(case: str) -> float:
    """Return microseconds of a request: those added, or all of a refused one."""
    import wsgi

    calls = _calls.get(case) or _calls.setdefault(case, _prepare(case))
    large = case == "refused_large_body"
    times = wsgi.interleaved(calls, BATCHES, 3 if large else REQUESTS)
    if case in REFUSED:
        return median(times["protected"])
    pairs = zip(times["protected"], times["plain"], strict=True)
    return median(protected - plain for protected, plain in pairs)


def _prepare(case: str) -> dict[str, Any]:
    import apps
    from wsgi import WsgiRequest, expect

    secret_key = None if case in ("no_secret_key", *REFUSED) else apps.SECRET_KEY
    plain = apps.app_with_callbacks(secret_key=secret_key)
    needs_session = case in ("cookie_and_public_page", "public_route")
    options = {"public_routes": ["/public"]} if needs_session else {}
    unprotected = apps.app_with_callbacks(secret_key=secret_key)
    if case == "no_cookie_and_public_callback":
        apps.add_public_callback(unprotected)
    protected = apps.protect(unprotected, **options)
    if case in REFUSED:
        value: Any = "x" * LARGE_BODY if case == "refused_large_body" else 1
        body = apps.callback_body(value=value)
        call = WsgiRequest(protected.server, apps.CALLBACK_PATH, body).call()
        expect(call, 401)
        return {"protected": call}
    if case == "public_route":
        for app in (plain, protected):
            app.server.add_url_rule("/public", "public", lambda: "public")
        return {
            name: WsgiRequest(app.server, "/public").call()
            for name, app in (("plain", plain), ("protected", protected))
        }
    headers = {"Authorization": apps.basic()}
    if case.startswith("cookie"):
        headers["Cookie"] = _cookie(protected, headers)
    calls = {
        name: WsgiRequest(app.server, apps.CALLBACK_PATH, apps.callback_body(), headers).call()
        # The first app that is asked takes the public callback, which is registered for any.
        for name, app in (("protected", protected), ("plain", plain))
    }
    for call in calls.values():
        expect(call, 200)
    return calls


def _cookie(app: Any, headers: dict[str, str]) -> str:
    """Log in, and return the cookies of an app that keeps something of its own in the session."""
    import flask
    from wsgi import WsgiRequest

    @app.server.route("/remember")
    def remember() -> str:
        flask.session["seen"] = 1
        return "remembered"

    browser = {**headers, "Accept": "text/html"}
    answer = WsgiRequest(app.server, "/remember", None, browser).call()()
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    return "; ".join(cookie.partition(";")[0] for cookie in cookies)


if __name__ == "__main__":
    answer_questions(measure)
