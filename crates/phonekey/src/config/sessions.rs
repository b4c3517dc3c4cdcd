//! `[sessions]`: how long a login lasts.

use std::time::Duration;

use phonekey_core::policy::{ForeignTokens, SessionPolicy};

use super::{
    raw,
    read::{Read, Reader, duration_within},
};

const DAY: Duration = Duration::from_hours(24);

/// What of the tokens' section the sessions depend on.
pub(super) struct TokenFacts {
    /// How long an access token is good for; `None` if that could not be read.
    pub(super) access_lifetime: Option<Duration>,
    /// Whether somebody else may have signed with the HS256 key.
    pub(super) has_shared_secret: bool,
}

pub(super) fn read(
    raw: &raw::Sessions,
    tokens: &TokenFacts,
    reader: &mut Reader,
) -> Read<SessionPolicy> {
    let shortest = Duration::from_mins(1);
    let refresh_lifetime = reader
        .duration(&raw.refresh_lifetime, shortest..=365 * DAY)
        .and_then(|refresh| match tokens.access_lifetime {
            Some(access) if refresh <= access => Err(reader.refuse(
                &raw.refresh_lifetime,
                "must be longer than tokens.access_lifetime",
            )),
            _ => Ok(refresh),
        });
    let absolute_lifetime = reader.read(&raw.absolute_lifetime, |text| match text {
        "none" => Ok(None),
        text => duration_within(text, &(shortest..=3650 * DAY))
            .map(Some)
            .map_err(|error| format!("{error}; or none for no end")),
    });
    let refresh_grace =
        reader.duration(&raw.refresh_grace, Duration::ZERO..=Duration::from_mins(1));
    let choices = [
        ("auto", Adoption::Auto),
        ("true", Adoption::Yes),
        ("false", Adoption::No),
    ];
    let adoption = reader.choice(&raw.adopt_foreign, &choices);
    let foreign_tokens = match (adoption?, tokens.has_shared_secret) {
        (Adoption::Yes, false) => Err(reader.refuse(
            &raw.adopt_foreign,
            "is true, but without tokens.hs256_secret nobody else can have signed a token; give \
             Django's SECRET_KEY there",
        )),
        (Adoption::Yes | Adoption::Auto, true) => Ok(ForeignTokens::Adopt),
        (Adoption::No, _) | (Adoption::Auto, false) => Ok(ForeignTokens::Refuse),
    };
    Ok(SessionPolicy {
        refresh_lifetime: refresh_lifetime?,
        absolute_lifetime: absolute_lifetime?,
        refresh_grace: refresh_grace?,
        foreign_tokens: foreign_tokens?,
    })
}

#[derive(Clone, Copy)]
enum Adoption {
    Auto,
    Yes,
    No,
}
