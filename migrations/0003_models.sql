-- Providers of models as users set them up, and what each call to one cost.
--
-- Keys are sealed. Money is in units of 1e-8 dollars.

CREATE TABLE providers (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    provider_type TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    website_url TEXT NOT NULL,
    base_url TEXT NOT NULL,
    api_format TEXT NOT NULL,
    api_key TEXT,
    is_enabled BIGINT NOT NULL,
    models TEXT NOT NULL
);
CREATE INDEX providers_by_owner ON providers (owner_id, created_at);

-- Written before a provider is asked; without an outcome, what was reserved counts as spent.
CREATE TABLE model_calls (
    id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    worker_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    model TEXT NOT NULL,
    day BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    outcome TEXT,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    latency BIGINT NOT NULL
);
CREATE INDEX model_calls_by_owner ON model_calls (owner_id, day);
CREATE INDEX model_calls_by_worker ON model_calls (worker_id, day);
