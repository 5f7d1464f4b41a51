"""A store of sessions in memory, which can be out of order, for tests on the three servers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

from dash_auth.sessions import StoredSession


@dataclass
class MemoryStore:
    """Keeps sessions in a dict."""

    rows: dict[str, StoredSession] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)
    is_away: bool = False
    calls: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def _asked(self, name: str) -> threading.RLock:
        self.calls.append(name)
        self.threads.add(threading.get_ident())
        if self.is_away:
            raise ConnectionError("the store is away")
        return self.lock

    def create(self, id: str, user: str, data: str, seconds: int, *, began: float = 0.0) -> bool:
        with self._asked("create"):
            now = time.time()
            if id in self.rows or self.marks.get(user, 0.0) > now - began:
                return False
            self.rows[id] = StoredSession(id, user, data, now, now)
            self.ends[id] = now + seconds
            return True

    def load(self, id: str) -> StoredSession | None:
        with self._asked("load"):
            return self.rows.get(id) if self.ends.get(id, 0.0) > time.time() else None

    def touch(self, id: str, seconds: int) -> bool:
        with self._asked("touch"):
            row = self.load(id)
            if row is None:
                return False
            self.rows[id] = replace(row, seen=time.time())
            self.ends[id] = time.time() + seconds
            return True

    def change(self, id: str, data: str, was: str) -> bool:
        with self._asked("change"):
            row = self.load(id)
            if row is None or row.data != was:
                return False
            self.rows[id] = replace(row, data=data)
            return True

    def end(self, id: str) -> bool:
        with self._asked("end"):
            self.ends.pop(id, None)
            return self.rows.pop(id, None) is not None

    def end_all(self, user: str, except_: str | None = None) -> int:
        with self._asked("end_all"):
            self.marks[user] = time.time()
            own = [row.id for row in self.of(user) if row.id != except_]
            return sum([self.end(id) for id in own])

    def of(self, user: str) -> list[StoredSession]:
        with self._asked("of"):
            return [row for row in self.rows.values() if row.user == user and self.load(row.id)]
