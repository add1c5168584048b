-- Decisions of strategies in words, and what became of them; both follow from the journal.
--
-- Times are microseconds since 1970 UTC. Confidence and gain are rates at ten decimals, costs exact
-- decimals of dollars as text.

ALTER TABLE strategies ADD COLUMN family TEXT NOT NULL DEFAULT 'quant';
CREATE INDEX orders_by_correlation ON orders (correlation);

-- `payload` is the sealed record, `seq` the journal's record that holds it. `actions` has each
-- proposed action between commas.
CREATE TABLE decisions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    strategy_id TEXT NOT NULL,
    strategy_version BIGINT NOT NULL,
    number BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    ai_model TEXT NOT NULL,
    began_by TEXT NOT NULL,
    failure TEXT,
    confidence BIGINT NOT NULL,
    actions TEXT NOT NULL,
    tokens BIGINT NOT NULL,
    cost TEXT NOT NULL,
    latency_ms BIGINT NOT NULL,
    tainted BIGINT NOT NULL,
    awaits_approval BIGINT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX decisions_by_owner ON decisions (owner_id, decided_at);
CREATE INDEX decisions_by_strategy ON decisions (strategy_id, number);
CREATE INDEX decisions_by_record ON decisions (account_id, seq);

-- Reviews of wishes that follow from decisions, approvals, and outcomes. `cause` is the record of
-- the decision, or of its approval.
CREATE TABLE decision_events (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    strategy_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    decision_id TEXT,
    cause BIGINT,
    correlation TEXT,
    approved BIGINT,
    horizon TEXT,
    gain BIGINT,
    PRIMARY KEY (account_id, seq)
);
CREATE INDEX decision_events_by_decision ON decision_events (decision_id)
    WHERE decision_id IS NOT NULL;
CREATE INDEX decision_events_by_cause ON decision_events (account_id, cause)
    WHERE cause IS NOT NULL;
