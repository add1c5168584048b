-- Who uses the engine, what they own, and what they asked for.
--
-- Credentials are sealed; the key is not in the database. `seq` counts the changes of a row.

-- Values that only the right data key opens.
CREATE TABLE key_checks (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_active BIGINT NOT NULL,
    is_admin BIGINT NOT NULL
);

-- One login, with all tokens that follow from it.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    refresh_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX sessions_by_owner ON sessions (owner_id);

-- By a fingerprint of the address that was tried, whether or not somebody has it.
CREATE TABLE login_failures (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL
);

CREATE TABLE exchange_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    exchange TEXT NOT NULL,
    mode TEXT NOT NULL,
    initial_balance TEXT NOT NULL,
    api_key TEXT,
    api_secret TEXT,
    private_key TEXT,
    passphrase TEXT,
    deleted_at BIGINT
);
CREATE INDEX exchange_accounts_by_owner ON exchange_accounts (owner_id, created_at);

CREATE TABLE strategies (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX strategies_by_owner ON strategies (owner_id, created_at);
CREATE INDEX strategies_by_account ON strategies (account_id);

-- Never changed: orders and fills name the version that made them.
CREATE TABLE strategy_versions (
    strategy_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    config TEXT NOT NULL,
    allocated_capital TEXT,
    PRIMARY KEY (strategy_id, version)
);

-- What a request was answered with; a status of 0 is a request under way.
CREATE TABLE idempotency_keys (
    owner_id TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner_id, path, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
