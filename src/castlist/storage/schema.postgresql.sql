-- Generated from tables.py by `python -m castlist.storage.tables`.
CREATE TABLE asset_uses (
	owner TEXT NOT NULL,
	asset TEXT NOT NULL,
	role TEXT NOT NULL,
	PRIMARY KEY (owner, asset)
);

CREATE INDEX asset_uses_asset ON asset_uses (asset);

CREATE TABLE assets (
	id TEXT NOT NULL,
	project TEXT NOT NULL,
	media_type TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE callbacks (
	id TEXT NOT NULL,
	job TEXT NOT NULL,
	number BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX callbacks_job ON callbacks (job);

CREATE UNIQUE INDEX callbacks_number ON callbacks (number);

CREATE INDEX callbacks_received ON callbacks (received_at);

CREATE TABLE characters (
	id TEXT NOT NULL,
	project TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT NOT NULL,
	digest TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT,
	lease_holder TEXT,
	lease_until BIGINT,
	doc TEXT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX characters_deleted ON characters (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE INDEX characters_digest ON characters (project, digest);

CREATE INDEX characters_name ON characters (project, name);

CREATE INDEX characters_page ON characters (project, created_at, id);

CREATE INDEX characters_preparing ON characters (created_at) WHERE state = 'preparing';

CREATE TABLE charges (
	owner TEXT NOT NULL,
	day TEXT NOT NULL,
	micros BIGINT NOT NULL,
	PRIMARY KEY (owner)
);

CREATE INDEX charges_day ON charges (day, micros);

CREATE TABLE expiries (
	owner TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	PRIMARY KEY (owner)
);

CREATE INDEX expiries_due ON expiries (due_at);

CREATE TABLE health (
	deployment TEXT NOT NULL,
	failures INTEGER NOT NULL,
	since BIGINT NOT NULL,
	cooled_until BIGINT,
	why TEXT NOT NULL,
	probe TEXT,
	probe_until BIGINT,
	pace BIGINT,
	samples INTEGER NOT NULL,
	PRIMARY KEY (deployment)
);

CREATE TABLE jobs (
	id TEXT NOT NULL,
	project TEXT NOT NULL,
	state TEXT NOT NULL,
	ended BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	progress INTEGER NOT NULL,
	deployment TEXT,
	cancel_requested BOOLEAN NOT NULL,
	deleted_at BIGINT,
	revision BIGINT NOT NULL,
	lease_holder TEXT,
	lease_until BIGINT,
	doc TEXT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX jobs_at_work ON jobs (deployment, state) WHERE NOT ended;

CREATE INDEX jobs_deleted ON jobs (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE INDEX jobs_due ON jobs (due_at) WHERE NOT ended;

CREATE INDEX jobs_ending ON jobs (lease_holder) WHERE cancel_requested AND NOT ended;

CREATE INDEX jobs_page ON jobs (project, created_at, id);

CREATE INDEX jobs_state ON jobs (project, state, created_at, id);

CREATE TABLE origins (
	id TEXT NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE requests (
	owner TEXT NOT NULL,
	project TEXT NOT NULL,
	mark TEXT,
	digest TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	lost_at BIGINT,
	given INTEGER NOT NULL,
	PRIMARY KEY (owner)
);

CREATE INDEX requests_created ON requests (created_at);

CREATE INDEX requests_digest ON requests (project, digest);

CREATE UNIQUE INDEX requests_mark ON requests (project, mark) WHERE mark IS NOT NULL;

CREATE TABLE sends (
	attempt TEXT NOT NULL,
	deployment TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (attempt)
);

CREATE INDEX sends_at ON sends (deployment, at);

CREATE TABLE webhook_endpoints (
	id TEXT NOT NULL,
	project TEXT NOT NULL,
	url TEXT NOT NULL,
	events TEXT NOT NULL,
	allow_private BOOLEAN NOT NULL,
	configured BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	disabled_at BIGINT,
	PRIMARY KEY (id)
);

CREATE UNIQUE INDEX webhook_endpoints_url ON webhook_endpoints (project, url);

CREATE TABLE webhook_secrets (
	id TEXT NOT NULL,
	project TEXT NOT NULL,
	sealed TEXT NOT NULL,
	sealed_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	old_until BIGINT,
	PRIMARY KEY (id)
);

CREATE UNIQUE INDEX webhook_secrets_current ON webhook_secrets (project) WHERE old_until IS NULL;

CREATE TABLE attempts (
	id TEXT NOT NULL,
	job TEXT NOT NULL,
	number INTEGER NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(job) REFERENCES jobs (id)
);

CREATE UNIQUE INDEX attempts_job ON attempts (job, number);

CREATE TABLE bindings (
	character TEXT NOT NULL,
	account TEXT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (character, account),
	FOREIGN KEY(character) REFERENCES characters (id)
);

CREATE TABLE job_characters (
	job TEXT NOT NULL,
	character TEXT NOT NULL,
	PRIMARY KEY (job, character),
	FOREIGN KEY(job) REFERENCES jobs (id)
);

CREATE INDEX job_characters_character ON job_characters (character, job);

CREATE TABLE webhook_deliveries (
	id TEXT NOT NULL,
	event TEXT NOT NULL,
	type TEXT NOT NULL,
	video TEXT NOT NULL,
	project TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	lease_holder TEXT,
	lease_until BIGINT,
	doc TEXT NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(endpoint) REFERENCES webhook_endpoints (id)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';

CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint);

CREATE INDEX webhook_deliveries_page ON webhook_deliveries (project, created_at, id);
