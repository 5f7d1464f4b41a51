-- Counts a guess for all processes as src/throttle.rs does for one: tests compare the two.
--
-- KEYS: the account; the account and the browser ("pair"); the address, where that counts.
-- ARGV: what to do; whether the browser has a device; whether the pair is known by its address;
-- the eleven of Counters.numbers; what `book` answered, -1 for none; in tests the time, in milliseconds.
--
-- `book`, `look` and `remember` answer how long to wait, in milliseconds; 0 is not at all.
-- A counter is a text: failures, when the last one was, until when it is forgiven, when it was right.
local what, has_device, is_by_address = ARGV[1], ARGV[2] == '1', ARGV[3] == '1'
local given = {}
for place = 4, 18 do given[#given + 1] = tonumber(ARGV[place]) end
local account_free, account_first, account_longest, address_free, address_first, address_longest,
  known_free, stop_after, forgotten_after, known_for, forgiven_each,
  charged_at, account_before, pair_before, address_before = unpack(given)
local now = tonumber(ARGV[19])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function read(key)
  local text = redis.call('GET', key) or '0 0 0 0'
  local failures, at, forgiven, right = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
  if not failures then error('not a counter of guesses') end
  -- Of a clock that was set back no wait is longer.
  return { key = key, failures = tonumber(failures), at = math.min(tonumber(at), now),
    forgiven = math.min(tonumber(forgiven), now), right = math.min(tonumber(right), now) }
end

local function write(row)
  if row.failures == 0 and row.right == 0 then return redis.call('DEL', row.key) end
  local text = string.format('%.0f %.0f %.0f %.0f', row.failures, row.at, row.forgiven, row.right)
  redis.call('SET', row.key, text, 'PX', row.right > 0 and known_for or forgotten_after)
end

local function failures_of(row)
  return now - row.at > forgotten_after and 0 or row.failures
end

local function add(row)
  local before = row.at
  row.failures, row.at = failures_of(row) + 1, now
  return before
end

local function take_back(row, before)
  if before < 0 then return end
  row.failures = math.max(row.failures - 1, 0)
  if row.at == charged_at then row.at = before end
end

local function left(row, failures, free, first, longest, stop)
  if failures <= free then return 0 end
  local wait = math.floor(math.min(first * 2 ^ math.min(failures - free - 1, 30), longest))
  if stop > 0 and failures >= stop then wait = forgotten_after end
  return math.max(row.at + wait - now, 0)
end

local account, pair = read(KEYS[1]), read(KEYS[2])
local address = KEYS[3] and read(KEYS[3])

if what == 'right' or what == 'known' or what == 'back' then
  take_back(account, account_before)
  take_back(pair, pair_before)
  if address then
    take_back(address, address_before)
    write(address)
  end
  if what == 'right' then account.failures = math.floor(account.failures / 2) end
  if what ~= 'back' then
    pair.failures, pair.right = 0, has_device and 0 or now
  end
  write(account)
  write(pair)
  return {}
end

if address then
  local times = math.floor((now - address.forgiven) / forgiven_each)
  address.failures = math.max(address.failures - times, 0)
  address.forgiven = address.failures == 0 and now or address.forgiven + times * forgiven_each
end
local was_right = is_by_address and pair.right > 0 and now - pair.right <= known_for
local is_known = (has_device or was_right) and failures_of(pair) < known_free
if not is_known then
  local wait = left(account, failures_of(account), account_free, account_first, account_longest, stop_after)
  if address then
    wait = math.max(wait, left(address, address.failures, address_free, address_first, address_longest, 0))
  end
  if wait > 0 then return { wait } end
end
if what == 'remember' and not has_device then
  pair.right = now
  write(pair)
end
if what ~= 'book' then return { 0 } end

account_before, pair_before, address_before = -1, -1, -1
if is_known then
  pair_before = add(pair)
  write(pair)
else
  account_before = add(account)
  write(account)
end
if address then
  address_before = add(address)
  write(address)
end
return { 0, now, account_before, pair_before, address_before }
