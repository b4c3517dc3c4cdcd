-- How each node sees its providers, for whoever watches them from outside the nodes. A node writes
-- its own rows when something changed, else once a minute; rows of nodes that have stopped go after
-- an hour. So the table has a few rows for each node, and no index.

create table provider_health (
    provider text not null,
    node text not null,
    breaker text not null,
    -- Until when the breaker is open, or when it let its probe through.
    breaker_moment bigint,
    -- What went wrong last; without a refusal, the provider did not answer.
    trouble_at bigint,
    refusal text,
    seen_at bigint not null,
    primary key (provider, node)
);
