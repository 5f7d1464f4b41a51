"""For how long an event loop stands still while clients log in at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

from peers import FORK, Peers, answer_questions, worker
from rows import Row, at_most, median_ratio, seconds
from servers import KINDS

CLIENTS = 12
ROUNDS = 5
TICK = 0.001


def rows(peers: Peers) -> list[Row]:
    """Measure this package and the fork.

    :param peers: the interpreters of the environments
    """
    from werkzeug.security import generate_password_hash

    users = {f"user-{n}": generate_password_hash(f"secret-{n}") for n in range(CLIENTS)}
    stalls: dict[str, list[float]] = {peers.ours: [], peers.fork: []}
    for _ in range(ROUNDS):
        for python, collected in stalls.items():
            # No password was verified before in a new process.
            with worker(python, __file__) as server:
                collected.append(server.ask("longest_stall", kind=KINDS[0], users=users))
    ours, fork = stalls.values()
    return [
        Row(
            f"{KINDS[0]}: {CLIENTS} users log in at once, the event loop's longest stall",
            seconds(ours),
            f"{seconds(fork)} ({FORK})",
            median_ratio(ours, fork),
            at_most(0.1),
        )
    ]


def longest_stall(kind: str, users: dict[str, str]) -> float:
    """Return the longest time, in seconds, in which nothing else ran in the event loop."""
    import apps
    import asgi
    from servers import server_of

    app = apps.app_with_callbacks(server=server_of(kind))
    apps.protect_with_hashes(app, users, secret_key=apps.SECRET_KEY)
    asgi.start(app.server)
    refused = asgi.AsgiRequest(app.server, apps.CALLBACK_PATH, apps.callback_body()).call()
    asgi.expect(refused, 401)
    calls = [
        asgi.AsgiRequest(
            app.server,
            apps.CALLBACK_PATH,
            apps.callback_body(),
            {"Authorization": apps.basic(f"user-{n}", f"secret-{n}")},
            client=f"127.0.0.{n + 2}",
        ).call()
        for n in range(CLIENTS)
    ]
    return float(asgi.run(_stall_of(calls)))


async def _stall_of(calls: list[Callable[[], Awaitable[Any]]]) -> float:
    ticks = [perf_counter()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK)
            ticks.append(perf_counter())

    ticking = asyncio.ensure_future(tick())
    await asyncio.sleep(10 * TICK)
    answers = await asyncio.gather(*(call() for call in calls))
    await asyncio.sleep(2 * TICK)
    ticking.cancel()
    if any(answer.status != 200 for answer in answers):
        raise RuntimeError("a user was refused")
    return max(later - earlier for earlier, later in pairwise(ticks))


if __name__ == "__main__":
    answer_questions(longest_stall)
