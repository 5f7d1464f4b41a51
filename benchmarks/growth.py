"""What ten thousand public routes or callbacks cost, beside ten."""

from __future__ import annotations

from statistics import median
from time import thread_time
from typing import Any

from peers import Peers, answer_questions, worker
from rows import Row, at_most, duration, figure

FEW, MANY = 10, 10_000
ROUNDS = 5
BATCHES, REQUESTS = 15, 10
REGISTERED_UPSTREAM = 100
"""dash-auth reads the source of every callback anew for each one: more would take minutes."""


def rows(peers: Peers) -> list[Row]:
    """Measure both packages.

    :param peers: the interpreters of both environments
    """
    found: dict[str, list[list[dict[str, float]]]] = {kind: [[], []] for kind in _PREPARE}
    with peers.workers(__file__) as workers:
        for _ in range(ROUNDS):
            for kind, collected in found.items():
                for server, figures in zip(workers, collected, strict=True):
                    figures.append(server.ask("measure", kind=kind))
    return [
        *(_row(kind, *figures) for kind, figures in found.items()),
        _registration(peers),
    ]


def _row(kind: str, ours: list[dict[str, float]], upstream: list[dict[str, float]]) -> Row:
    texts, factors = [], []
    for figures in (ours, upstream):
        few, many = (median(figure[size] for figure in figures) for size in ("few", "many"))
        factors.append(median(figure["many"] / figure["few"] for figure in figures))
        texts.append(f"{figure(factors[-1])} times ({figure(few)} → {figure(many)} µs)")
    name = f"{FEW} → {MANY:,} public {kind}: added to a request"
    return Row(name, texts[0], texts[1], factors[0], at_most(1.5))


def _registration(peers: Peers) -> Row:
    figures = []
    for python, count in ((peers.ours, MANY), (peers.upstream, REGISTERED_UPSTREAM)):
        with worker(python, __file__) as server:
            figures.append(server.ask("register", count=count))
    (plain, public, ratio), (plain_upstream, public_upstream, ratio_upstream) = figures
    return Row(
        f"Registering {MANY:,} public callbacks, beside plain ones",
        f"{figure(ratio)} times ({duration(plain)} → {duration(public)})",
        f"{figure(ratio_upstream)} times ({duration(plain_upstream)} → {duration(public_upstream)}, "
        f"only {REGISTERED_UPSTREAM} of them)",
        ratio,
        at_most(1.3),
    )


def register(count: int) -> tuple[float, float, float]:
    """Return seconds for plain callbacks and for public ones, and the median of the ratios."""
    import dash_auth
    from dash import Dash, Input, Output, callback
    from dash._callback import GLOBAL_CALLBACK_LIST, GLOBAL_CALLBACK_MAP

    Dash("benchmarks")
    times: dict[Any, list[float]] = {callback: [], dash_auth.public_callback: []}
    for _ in range(ROUNDS):
        for decorator, collected in times.items():
            GLOBAL_CALLBACK_LIST.clear()
            GLOBAL_CALLBACK_MAP.clear()
            start = thread_time()
            for number in range(count):

                @decorator(Output(f"out-{number}", "children"), Input(f"in-{number}", "n_clicks"))
                def answer(clicks: int) -> int:
                    return clicks

            collected.append(thread_time() - start)
    plain, public = times.values()
    ratios = [more / less for less, more in zip(plain, public, strict=True)]
    return median(plain), median(public), median(ratios)


_calls: dict[str, dict[str, Any]] = {}


def measure(kind: str) -> dict[str, float]:
    """Return the microseconds added to a request with few and with many rules or callbacks."""
    import wsgi

    calls = _calls.get(kind) or _calls.setdefault(kind, _PREPARE[kind]())
    times = wsgi.interleaved(calls, BATCHES, REQUESTS)
    return {
        size: median(
            protected - plain
            for protected, plain in zip(times[size], times[f"{size} plain"], strict=True)
        )
        for size in ("few", "many")
    }


def _routes() -> dict[str, Any]:
    import apps

    calls = {}
    for size, count in (("few", FEW), ("many", MANY)):
        plain, protected = apps.app_with_callbacks(), apps.app_with_callbacks()
        for app in (plain, protected):
            app.server.add_url_rule("/open-<int:number>", "open", lambda number: str(number))
        apps.protect(protected, public_routes=[f"/open-{number}" for number in range(count)])
        calls |= _both(size, plain, protected, f"/open-{count - 1}", None)
    return calls


def _callbacks() -> dict[str, Any]:
    import apps

    calls = {}
    for size, count in (("few", FEW), ("many", MANY)):
        plain, protected = apps.app_with_callbacks(count), _public_callbacks(count)
        body = apps.callback_body(count - 1)
        calls |= _both(size, plain, protected, apps.CALLBACK_PATH, body)
    return calls


def _public_callbacks(count: int) -> Any:
    """Return a protected app with so many public callbacks."""
    import apps
    import dash_auth
    from dash import Input, Output

    if not apps.OURS:
        app = apps.protect(apps.app_with_callbacks(count))
        ids = [f"out-{number}.children" for number in range(count)]
        app.server.config["PUBLIC_CALLBACKS"] = ids
        return app
    app = apps.app_with_callbacks(0)
    for number in range(count):
        dash_auth.public_callback(
            Output(f"out-{number}", "children"), Input(f"in-{number}", "n_clicks")
        )(lambda clicks: clicks)
    apps.protect(app)
    # Taken over by this app, and so not by the next.
    app._setup_server()
    return app


def _both(size: str, plain: Any, protected: Any, path: str, body: bytes | None) -> dict[str, Any]:
    from wsgi import WsgiRequest, expect

    calls = {
        name: WsgiRequest(app.server, path, body).call()
        for name, app in ((f"{size} plain", plain), (size, protected))
    }
    for call in calls.values():
        expect(call, 200)
    return calls


_PREPARE = {"routes": _routes, "callbacks": _callbacks}

if __name__ == "__main__":
    answer_questions(measure, register)
