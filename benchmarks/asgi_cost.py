"""What protection adds to a request on FastAPI and Quart, beside the fork that protects them."""

from __future__ import annotations

from statistics import median
from typing import Any

from peers import FORK, Peers, answer_questions
from rows import Row, at_most, median_ratio, microseconds
from servers import KINDS

ROUNDS, ROUNDS_OF_HASHES = 7, 3
BATCHES, REQUESTS = 25, 10
STATIC_FILE = "/_dash-component-suites/dash/deps/prop-types@15.8.1.min.js"

CASES: dict[str, tuple[str, float]] = {
    "hashes": ("added to a callback, hashed passwords, steady", 0.15),
    "plaintext": ("added to a callback, plaintext password", 1.0),
    "cookie": ("added to a callback, session cookie returned", 1.0),
    "public_page": ("added to a public page", 1.0),
    "public_callback": ("added to a public callback, anonymous", 1.0),
    "static": ("added to a static file", 1.0),
    "refused": ("a refused callback, whole request", 1.0),
}


def rows(peers: Peers) -> list[Row]:
    """Measure this package and the fork.

    :param peers: the interpreters of the environments
    """
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    with peers.workers(__file__, peers.fork) as workers:
        for number in range(ROUNDS):
            for kind in KINDS:
                for case in CASES:
                    if case == "hashes" and number >= ROUNDS_OF_HASHES:
                        continue
                    values = found.setdefault((kind, case), ([], []))
                    for worker, collected in zip(workers, values, strict=True):
                        collected.append(worker.ask("measure", kind=kind, case=case))
    return [
        Row(
            f"{kind}: {CASES[case][0]}",
            microseconds(ours),
            f"{microseconds(fork)} ({FORK})",
            median_ratio(ours, fork),
            at_most(CASES[case][1]),
        )
        for (kind, case), (ours, fork) in found.items()
    ]


_calls: dict[tuple[str, str], dict[str, Any]] = {}


def measure(kind: str, case: str) -> float:
    """Return microseconds of a request: those added, or all of a refused one."""
    import apps
    import asgi
    import wsgi

    calls = _calls.get((kind, case)) or _calls.setdefault((kind, case), _prepare(kind, case))
    hashes_each_time = case == "hashes" and not apps.OURS
    batches, requests = (3, 1) if hashes_each_time else (BATCHES, REQUESTS)
    times = wsgi.interleaved(calls, batches, requests, asgi.batch)
    if case == "refused":
        return median(times["protected"])
    pairs = zip(times["protected"], times["plain"], strict=True)
    return median(protected - plain for protected, plain in pairs)


def _prepare(kind: str, case: str) -> dict[str, Any]:
    import apps
    from asgi import AsgiRequest, expect, start
    from servers import plain_app

    path, body, headers = apps.CALLBACK_PATH, apps.callback_body(), {}
    if case in ("hashes", "plaintext", "cookie"):
        headers["Authorization"] = apps.basic()
    elif case in ("public_page", "static"):
        path, body = "/public" if case == "public_page" else STATIC_FILE, None
    calls = {}
    # One after the other: an app takes over what was registered before its first request, and a
    # FastAPI server, at its start, the Dash app that was made last.
    for name in ("protected",) if case == "refused" else ("plain", "protected"):
        app = plain_app(kind) if name == "plain" else _protected_app(kind, case)
        start(app.server)
        cookie = {"Cookie": _cookie(app, headers)} if case == "cookie" else {}
        calls[name] = AsgiRequest(app.server, path, body, headers | cookie).call()
        for _ in range(2):
            expect(calls[name], 401 if case == "refused" else 200)
    return calls


def _protected_app(kind: str, case: str) -> Any:
    import apps
    import dash
    from servers import server_of

    app = apps.app_with_callbacks(0 if case == "public_callback" else 1, server=server_of(kind))
    key = apps.SECRET_KEY
    if case == "hashes":
        from werkzeug.security import generate_password_hash

        stored = generate_password_hash(apps.PASSWORD)
        return apps.protect_with_hashes(app, {apps.USER: stored}, secret_key=key)
    if case == "public_callback":
        apps.dash_auth.public_callback(
            dash.Output("out-0", "children"), dash.Input("in-0", "n_clicks")
        )(lambda clicks: clicks)
    is_public = case in ("public_page", "static")
    return apps.protect(app, secret_key=key, public_routes=["/public"] if is_public else None)


def _cookie(app: Any, headers: dict[str, str]) -> str:
    """Log in, and return the cookie of an app that keeps something of its own in the session."""
    from asgi import AsgiRequest, expect
    from servers import REMEMBER

    answer = expect(AsgiRequest(app.server, REMEMBER, None, headers).call(), 200)
    cookies = [value.decode() for name, value in answer.headers if name.lower() == b"set-cookie"]
    return "; ".join(cookie.partition(";")[0] for cookie in cookies)


if __name__ == "__main__":
    answer_questions(measure)
