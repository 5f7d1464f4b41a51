"""Handles of background jobs, bound to the public callback that they were issued for.

A background callback answers with `cacheKey` and `job`, which the browser sends back in the query
to ask for the result or to cancel. Dash takes them for whatever callback the body names; before
4.4.1 it takes any. So a stranger is given sealed handles, and may use only those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from . import _core

ISSUED = ("cacheKey", "job")
"""The members of Dash's answer that are handles, and the two kinds of them."""

KINDS = {"cacheKey": "cacheKey", "job": "job", "oldJob": "job", "cancelJob": "job"}
"""The kind of handle that each parameter of the query takes."""

_SEPARATOR = "."


class HandleSeal:
    """Seals the handles of one app."""

    def __init__(self, guard: str) -> None:
        """Name the guard.

        :param guard: what tells this guard from any other that shares the secret
        """
        self._guard = guard

    def seal(self, secret: bytes, kind: str, output: str, handle: object) -> str:
        """Return a handle sealed for the callback with the id `output`."""
        return f"{handle}{_SEPARATOR}{_core.seal(secret, *self._parts(kind, output, str(handle)))}"

    def unseal(
        self, secret: bytes, parameter: str, outputs: Iterable[str], sealed: str
    ) -> str | None:
        """Return the handle if it was issued for one of the callbacks, else None.

        :param secret: key of the seal
        :param parameter: the parameter of the query that holds it
        :param outputs: ids of the callbacks
        :param sealed: the sealed handle
        """
        handle, _, mac = sealed.rpartition(_SEPARATOR)
        for output in outputs:
            if _core.is_sealed(secret, mac, *self._parts(KINDS[parameter], output, handle)):
                return handle
        return None

    def _parts(self, kind: str, output: str, handle: str) -> tuple[str, ...]:
        return ("handle", self._guard, kind, output, handle)

    def seal_answer(self, secret: bytes, output: str, answer: bytes) -> bytes:
        """Return Dash's answer to a callback with its handles sealed; any other as it is."""
        try:
            members = json.loads(answer)
        except ValueError:
            return answer
        if not isinstance(members, dict) or not any(name in members for name in ISSUED):
            return answer
        for name in ISSUED:
            if members.get(name) is not None:
                members[name] = self.seal(secret, name, output, members[name])
        return json.dumps(members).encode()
