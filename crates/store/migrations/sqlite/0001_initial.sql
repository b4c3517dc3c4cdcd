-- The first schema. Times are milliseconds since 1970-01-01T00:00:00Z, numbers are the digits of
-- their E.164 form as one integer, ids are the 16 bytes of a UUID (UUIDv7: in order of time).
-- A table keyed by such an id keeps its rows in that order and needs no other index.

-- One code sent to one number. No column holds the code or anything that verifies it: it is derived
-- from id, phone and the master secret that key_version names.
create table challenges (
    id blob not null primary key,
    phone integer not null,
    key_version integer not null,
    code_length integer not null,
    language text not null,
    created_at integer not null,
    expires_at integer not null,
    wrong_answers integer not null,
    closed_at integer,
    close_reason text
) strict, without rowid;

-- One attempt to carry a challenge's message, born pending in the commit that opens the challenge,
-- so that a crash between that commit and the sending loses nothing.
create table deliveries (
    challenge_id blob not null references challenges (id) on delete cascade,
    attempt integer not null,
    channel text not null,
    provider text not null,
    created_at integer not null,
    state text not null,
    leased_until integer,
    settled_at integer,
    refusal text,
    provider_message_id text,
    cost_micros integer,
    cost_currency text,
    primary key (challenge_id, attempt)
) strict, without rowid;

-- What waits to be sent, for whoever looks for deliveries that a crash left behind. It holds only
-- the pending, so it stays as small as the traffic of the last seconds.
create index deliveries_pending on deliveries (leased_until) where state = 'pending';

-- What one number has done lately, in one small row that outlives its challenges: so a new code
-- never resets what wrong answers have used up. The encoding is core's (Standing::encode).
create table standings (
    phone integer primary key,
    standing blob not null,
    forgettable_at integer not null
) strict;

-- People and operators. autoincrement: an id that was deleted is never given out again, or an old
-- token would open a stranger's account.
create table users (
    id integer primary key autoincrement,
    username text not null unique,
    phone integer unique,
    first_name text not null,
    last_name text not null,
    email text,
    gender text not null,
    birthday text,
    is_active integer not null,
    is_staff integer not null,
    is_superuser integer not null,
    joined_at integer not null,
    last_login_at integer
) strict;

-- Logins that go on. No token and no digest of one: generation and rotated_at tell which refresh
-- token is the newest. Keyed by user first, so that a user's sessions lie together and need no
-- index of their own.
create table sessions (
    user_id integer not null references users (id) on delete cascade,
    id blob not null,
    origin text not null,
    created_at integer not null,
    generation integer not null,
    rotated_at integer not null,
    expires_at integer not null,
    retained_until integer not null,
    revoked_at integer,
    revoke_reason text,
    claims text,
    primary key (user_id, id)
) strict, without rowid;

-- What happened, for the operator; each row is committed with the change that it records. No
-- foreign keys: an event outlives whom it is about.
create table audit_events (
    id integer primary key,
    at integer not null,
    kind text not null,
    user_id integer not null,
    session_id blob,
    challenge_id blob,
    detail text
) strict;
