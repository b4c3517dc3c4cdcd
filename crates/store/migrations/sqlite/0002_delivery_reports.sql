-- What providers report of messages after they took them, and which messages are to be looked after.

-- The app that is to read the code out of the message (SMS Retriever), if the caller named one.
alter table challenges add column app_hash text;

-- The report: whether the message arrived, why not, and when that was heard.
alter table deliveries add column arrival text;
alter table deliveries add column lost_because text;
alter table deliveries add column reported_at integer;

-- When somebody should look after a message again: ask its provider, or send the code once more.
alter table deliveries add column follow_up_at integer;

-- What is to be looked after. Nothing is, unless a provider has reports or did not answer.
create index deliveries_to_follow_up on deliveries (follow_up_at) where follow_up_at is not null;

-- Finds the message that a report is about. Development's providers name no messages, so they pay
-- nothing for it.
create index deliveries_by_message on deliveries (provider_message_id)
where provider_message_id is not null;
