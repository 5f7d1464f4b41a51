"""Sessions in Redis: each call is one script, which Redis runs with nothing else beside it."""

from __future__ import annotations

from typing import Any

from dash_auth.sessions.store import StoredSession

try:
    from redis import ConnectionError as _ConnectionError
    from redis import Redis, ResponseError
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as _error:
    raise ImportError(
        'sessions in Redis need its library: pip install "dash-auth-rs[redis]"'
    ) from _error

PREFIX = "dash_auth:"
"""How the keys begin."""

TIMEOUT = 0.5
"""For how long an answer is waited for, in seconds."""

_MARKED = 24 * 60 * 60
"""For how long it is known that all sessions of a user were ended, in seconds."""

_START = """
local P=ARGV[1]
local t=redis.call('TIME')
local now=t[1]+t[2]/1000000
-- What somebody wrote by hand is as good as nothing.
local function clean(key,kind)
  local found=redis.call('TYPE',key)['ok']
  if found~=kind and found~='none' then redis.call('DEL',key) end
  return key
end
local function index_of(user) return clean(P..'user:'..user,'zset') end
-- Redis may drop a key where memory is short: with the index of a user all sessions are gone.
local function user_of(id)
  local user=redis.call('HGET',clean(P..'session:'..id,'hash'),'user')
  return user and redis.call('ZSCORE',index_of(user),id) and user
end
"""

_CREATE = (
    _START
    + """
local id,user,data,seconds,began=ARGV[2],ARGV[3],ARGV[4],tonumber(ARGV[5]),tonumber(ARGV[6])
local session,own=P..'session:'..id,index_of(user)
local ended=tonumber(redis.call('GET',clean(P..'ended:'..user,'string')) or 0) or 0
if ended>now-began or redis.call('EXISTS',session)==1 then return 0 end
redis.call('HSET',session,'user',user,'data',data,'created',now,'seen',now)
redis.call('EXPIRE',session,seconds)
redis.call('ZREMRANGEBYSCORE',own,'-inf',now)
redis.call('ZADD',own,now+seconds,id)
if redis.call('TTL',own)<seconds then redis.call('EXPIRE',own,seconds) end
return 1
"""
)

_LOAD = """
-- Asked at each request: it cleans nothing away, and looks at the index alone beside.
local row=redis.pcall('HMGET',ARGV[1]..'session:'..ARGV[2],'user','data','created','seen')
if row.err or not row[1] then return false end
local ends=redis.pcall('ZSCORE',ARGV[1]..'user:'..row[1],ARGV[2])
if type(ends)=='table' and ends.err then return false end
return ends and row
"""

_CHANGE = (
    _START
    + """
local id,data,was=ARGV[2],ARGV[3],ARGV[4]
local session=P..'session:'..id
if not user_of(id) or redis.call('HGET',session,'data')~=was then return 0 end
redis.call('HSET',session,'data',data)
return 1
"""
)

_TOUCH = (
    _START
    + """
local id,seconds=ARGV[2],tonumber(ARGV[3])
local session,user=P..'session:'..id,user_of(id)
if not user then return 0 end
redis.call('HSET',session,'seen',now)
redis.call('EXPIRE',session,seconds)
local own=P..'user:'..user
redis.call('ZADD',own,now+seconds,id)
if redis.call('TTL',own)<seconds then redis.call('EXPIRE',own,seconds) end
return 1
"""
)

_END = (
    _START
    + """
local id=ARGV[2]
local user=user_of(id)
if user then redis.call('ZREM',P..'user:'..user,id) end
return redis.call('DEL',P..'session:'..id)
"""
)

_END_ALL = (
    _START
    + """
local user,except,marked=ARGV[2],ARGV[3],ARGV[4]
local own=index_of(user)
local count=0
for _,id in ipairs(redis.call('ZRANGE',own,0,-1)) do
  if id~=except then
    count=count+redis.call('DEL',P..'session:'..id)
    redis.call('ZREM',own,id)
  end
end
redis.call('SET',P..'ended:'..user,string.format('%.6f',now),'EX',marked)
return count
"""
)


def client_of(url: str) -> Redis:
    """Return a client that opens its connections when they are needed, in each process.

    :param url: address of the server: `redis://`, `rediss://` (TLS) or `unix://`
    :raises ValueError: if it is none
    """
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="replace",
            socket_connect_timeout=TIMEOUT,
            socket_timeout=TIMEOUT,
            # At once, over another connection: the server may have been started anew meanwhile.
            # Who waited once for an answer does not wait again.
            retry=Retry(NoBackoff(), 1, supported_errors=(_ConnectionError,)),
        )
    except ValueError:
        # What went wrong may quote a part of the password.
        raise ValueError(
            "sessions= is no URL of a Redis: write other characters of a password than letters "
            "and digits as %2F (for /) and the like"
        ) from None


class RedisSessions:
    """Keeps sessions in Redis, in one server: not in a cluster.

    Attributes:
        client: the client of the server.
    """

    def __init__(self, url: str) -> None:
        """Name the server; it is reached when it is first asked.

        :param url: address of the server: `redis://`, `rediss://` (TLS) or `unix://`
        :raises ValueError: if it is none
        """
        self.client: Any = client_of(url)
        register = self.client.register_script
        self._create, self._load = register(_CREATE), register(_LOAD)
        self._touch, self._change = register(_TOUCH), register(_CHANGE)
        self._end, self._end_all = register(_END), register(_END_ALL)

    def __repr__(self) -> str:
        # An address may hold a password.
        return f"<{type(self).__name__}>"

    def create(self, id: str, user: str, data: str, seconds: int, *, began: float = 0.0) -> bool:
        """See :meth:`SessionStore.create`."""
        return bool(self._create(args=[PREFIX, id, user, data, seconds, began]))

    def load(self, id: str) -> StoredSession | None:
        """See :meth:`SessionStore.load`."""
        try:
            row = self._load(args=[PREFIX, id])
            if not row or None in row:
                return None
            user, data, created, seen = row
            return StoredSession(id, user, data, float(created), float(seen))
        except (TypeError, ValueError):
            # No row of ours: somebody wrote it by hand.
            return None

    def touch(self, id: str, seconds: int) -> bool:
        """See :meth:`SessionStore.touch`."""
        return bool(self._touch(args=[PREFIX, id, seconds]))

    def change(self, id: str, data: str, was: str) -> bool:
        """See :meth:`SessionStore.change`."""
        return bool(self._change(args=[PREFIX, id, data, was]))

    def end(self, id: str) -> bool:
        """See :meth:`SessionStore.end`."""
        return bool(self._end(args=[PREFIX, id]))

    def end_all(self, user: str, except_: str | None = None) -> int:
        """See :meth:`SessionStore.end_all`."""
        return int(self._end_all(args=[PREFIX, user, except_ or "", _MARKED]))

    def of(self, user: str) -> list[StoredSession]:
        """See :meth:`SessionStore.of`."""
        try:
            ids = self.client.zrange(f"{PREFIX}user:{user}", 0, -1)
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            ids = []
        rows = (self.load(id) for id in ids)
        return [row for row in rows if row is not None and row.user == user]
