-- The journal of every account, what is derived from it, and who may write.
--
-- Times are microseconds since 1970 UTC. Prices and quantities are mantissas beside their decimals,
-- amounts are exact decimals as text. `sub_ledger` is a worker's id, `external` or `netting`.

CREATE TABLE engine_lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Append-only; everything below it can be made again from it. `digest` is the SHA-256 of the digest
-- before it and of the payload, so that no record can be altered unnoticed.
CREATE TABLE journal (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    cause BIGINT,
    correlation TEXT,
    principal TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    client_order_id TEXT,
    payload TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (account_id, seq)
);
CREATE INDEX journal_orders ON journal (client_order_id) WHERE client_order_id IS NOT NULL;

CREATE TABLE snapshots (
    account_id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    layout BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    payload TEXT NOT NULL
);

CREATE TABLE orders (
    account_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    sub_ledger TEXT NOT NULL,
    strategy_version BIGINT,
    correlation TEXT NOT NULL,
    tag TEXT,
    purpose TEXT NOT NULL,
    exit_reason TEXT,
    instrument BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    position_side TEXT NOT NULL,
    kind TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    reduce_only BIGINT NOT NULL,
    close_position BIGINT NOT NULL,
    price BIGINT,
    trigger_price BIGINT,
    price_decimals BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    filled BIGINT NOT NULL,
    quantity_decimals BIGINT NOT NULL,
    state TEXT NOT NULL,
    venue_order_id TEXT,
    reject_reason TEXT,
    PRIMARY KEY (account_id, client_order_id)
);
CREATE INDEX orders_by_owner ON orders (owner_id, created_at);

CREATE TABLE fills (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    line BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    trade_id TEXT NOT NULL,
    sub_ledger TEXT NOT NULL,
    client_order_id TEXT,
    strategy_version BIGINT,
    instrument BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    settle TEXT NOT NULL,
    side TEXT NOT NULL,
    position_side TEXT NOT NULL,
    price BIGINT NOT NULL,
    price_decimals BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    quantity_decimals BIGINT NOT NULL,
    value TEXT NOT NULL,
    realized TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_asset TEXT NOT NULL,
    liquidity TEXT NOT NULL,
    reason TEXT NOT NULL,
    exit_reason TEXT,
    PRIMARY KEY (account_id, seq, line)
);
CREATE INDEX fills_by_owner ON fills (owner_id, created_at);
CREATE INDEX fills_by_order ON fills (client_order_id) WHERE client_order_id IS NOT NULL;

CREATE TABLE ledger_entries (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    line BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    sub_ledger TEXT NOT NULL,
    bucket TEXT NOT NULL,
    asset TEXT NOT NULL,
    amount TEXT NOT NULL,
    instrument BIGINT,
    symbol TEXT,
    trade_id TEXT,
    PRIMARY KEY (account_id, seq, line)
);
CREATE INDEX ledger_entries_by_owner ON ledger_entries (owner_id, created_at);

CREATE TABLE positions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    opened_at BIGINT,
    sub_ledger TEXT NOT NULL,
    instrument BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    settle TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    quantity_decimals BIGINT NOT NULL,
    cost TEXT NOT NULL,
    entry_price BIGINT,
    stop_loss BIGINT,
    take_profit BIGINT,
    price_decimals BIGINT NOT NULL,
    trailing_stop TEXT
);
CREATE INDEX positions_by_owner ON positions (owner_id, updated_at);

CREATE TABLE recovery_reports (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    report TEXT NOT NULL
);
CREATE INDEX recovery_reports_by_owner ON recovery_reports (owner_id, created_at);
