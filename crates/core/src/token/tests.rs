use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    keys::{RefreshKeys, SigningKey},
    policy::SessionPolicy,
    secret::{MasterSecret, Secret},
    session::NewSession,
    testing::SeededRandom,
};

const SECRET: &str = "django-insecure-k(3u1^8z!p0w$r7)ab2";

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

const MASTER: &str = "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue";

fn refresh_keys(secret: &str, master: &str) -> RefreshKeys {
    let master = MasterSecret::new(Secret::new(master)).unwrap();
    RefreshKeys::new(&Secret::new(secret), &master)
}

fn key_ring(secret: &str, master: &str, previous: Vec<RefreshKeys>) -> KeyRing {
    let access = SigningKey::hs256(&Secret::new(secret));
    KeyRing::new(access, refresh_keys(secret, master), previous)
}

fn keys_of(secret: &str) -> KeyRing {
    key_ring(secret, MASTER, Vec::new())
}

fn keys() -> KeyRing {
    keys_of(SECRET)
}

fn session() -> Session {
    let id = SessionId::from_uuid(Uuid::from_u128(0x0190_d5e6_8f7a_7bbb_9abc_0123_4567_89ab));
    NewSession::after_code(id).open(UserId::new(42), &SessionPolicy::default(), now())
}

fn pair() -> TokenPair {
    let random = SeededRandom::new(3);
    TokenPair::mint(&session(), &keys(), &TokenPolicy::default(), &random, now()).unwrap()
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with any claims, signed with the right key.
fn signed(claims: &Value) -> String {
    keys().sign_refresh(&claims.to_string()).unwrap()
}

fn foreign(changes: &Value) -> String {
    let mut claims = json!({
        "token_type": "refresh", "exp": 1_800_000_600, "iat": 1_799_999_990, "jti": "a", "user_id": 42,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signed(&claims)
}

fn read(token: &str) -> Result<RefreshToken, TokenError> {
    RefreshToken::read(token, &keys(), now())
}

#[test]
fn tokens_have_simplejwts_header_and_claims_in_its_order() {
    let pair = pair();

    assert_eq!(part(&pair.access, 0), r#"{"alg":"HS256","typ":"JWT"}"#);
    let access = part(&pair.access, 1);
    assert!(
        access.starts_with(r#"{"token_type":"access","exp":1800001800,"iat":1800000000,"jti":""#),
        "{access}"
    );
    let sid = "0190d5e6-8f7a-7bbb-9abc-0123456789ab";
    let tail = format!(r#","user_id":42,"sub":"42","sid":"{sid}","iss":"phonekey"}}"#);
    assert!(access.ends_with(&tail), "{access}");
    let refresh: Value = serde_json::from_str(&part(&pair.refresh, 1)).unwrap();
    assert_eq!(refresh["exp"], 1_800_000_000 + 604_800);
    assert_eq!(refresh["gen"], 0);
}

#[test]
fn every_jti_is_a_random_uuid_in_bare_hexadecimal() {
    for token in [pair().access, pair().refresh] {
        let claims: Value = serde_json::from_str(&part(&token, 1)).unwrap();
        let jti = claims["jti"].as_str().unwrap();
        let uuid = Uuid::parse_str(jti).unwrap();

        assert_eq!(
            (uuid.get_version_num(), uuid.as_simple().to_string()),
            (4, jti.to_owned())
        );
    }
}

#[test]
fn a_refresh_token_is_the_same_each_time() {
    let random = SeededRandom::new(99);
    let later = now().plus(Duration::from_secs(9));

    let again =
        TokenPair::mint(&session(), &keys(), &TokenPolicy::default(), &random, later).unwrap();

    assert_eq!(again.refresh, pair().refresh);
    assert_ne!(again.access, pair().access);
}

#[test]
fn our_tokens_read_back() {
    let own = RefreshToken::Own {
        user: UserId::new(42),
        session: session().id,
        generation: 0,
    };

    assert_eq!(read(&pair().refresh), Ok(own.clone()));
    assert_eq!(read(&format!("{}==", pair().refresh)), Ok(own));
    assert_eq!(
        read_access(&pair().access, &keys(), now()),
        Ok(UserId::new(42))
    );
    assert_eq!(read(&pair().access), Err(TokenError::WrongType));
    assert_eq!(
        read_access(&pair().refresh, &keys(), now()),
        Err(TokenError::WrongType)
    );
}

#[test]
fn a_token_ends_with_its_last_second() {
    let expiry = now().plus(Duration::from_mins(30));

    assert!(
        read_access(
            &pair().access,
            &keys(),
            expiry.minus(Duration::from_millis(1))
        )
        .is_ok()
    );
    assert_eq!(
        read_access(&pair().access, &keys(), expiry),
        Err(TokenError::Invalid)
    );
}

#[test]
fn a_foreign_token_is_read_with_its_own_claims() {
    let token = foreign(&json!({"plan": "gold", "iss": "django", "aud": "app", "sub": "x"}));

    let Ok(RefreshToken::Foreign {
        user, jti, claims, ..
    }) = read(&token)
    else {
        panic!()
    };

    assert_eq!((user, jti.as_str()), (UserId::new(42), "a"));
    let kept: Value = serde_json::from_str(&claims.to_json().unwrap()).unwrap();
    assert_eq!(kept, json!({"aud": "app", "plan": "gold"}));
}

/// WIRE.md §5, the table of refusals, and the nonsense that the Django project answers with 500.
#[test]
fn claims_are_refused_in_simplejwts_words() {
    let without = |name: &str| {
        let mut claims: Value = serde_json::from_str(&part(&foreign(&json!({})), 1)).unwrap();
        claims.as_object_mut().unwrap().remove(name);
        signed(&claims)
    };
    let changed = |name: &str, value: Value| foreign(&json!({ name: value }));
    for (token, expected) in [
        (without("exp"), TokenError::NoExpiry),
        (without("jti"), TokenError::NoId),
        (without("token_type"), TokenError::NoType),
        (without("user_id"), TokenError::Invalid),
        (
            changed("token_type", json!("sliding")),
            TokenError::WrongType,
        ),
        (
            changed("token_type", json!("Refresh")),
            TokenError::WrongType,
        ),
        (changed("token_type", json!(null)), TokenError::WrongType),
        (changed("exp", json!(1_800_000_000)), TokenError::Invalid),
        (changed("exp", json!(-5)), TokenError::Invalid),
        (changed("exp", json!("abc")), TokenError::Invalid),
        (changed("exp", json!("1800000600")), TokenError::Invalid),
        (changed("exp", json!(null)), TokenError::Invalid),
        (changed("exp", json!([1])), TokenError::Invalid),
        (changed("exp", json!(true)), TokenError::Invalid),
        (
            changed("exp", json!(1_000_000_000_000_000_i64)),
            TokenError::Invalid,
        ),
        (changed("iat", json!(1_800_003_600)), TokenError::Invalid),
        (changed("iat", json!("x")), TokenError::Invalid),
        (changed("iat", json!(null)), TokenError::Invalid),
        (changed("nbf", json!(1_800_003_600)), TokenError::Invalid),
        (changed("jti", json!(5)), TokenError::Invalid),
        (changed("jti", json!(null)), TokenError::Invalid),
        (changed("sub", json!(5)), TokenError::Invalid),
        (changed("user_id", json!("abc")), TokenError::Invalid),
        (changed("user_id", json!(null)), TokenError::Invalid),
        (changed("user_id", json!(1.5)), TokenError::Invalid),
        (changed("sid", json!("x")), TokenError::Invalid),
        (signed(&json!([])), TokenError::Invalid),
    ] {
        assert_eq!(read(&token), Err(expected), "{}", part(&token, 1));
    }
}

#[test]
fn variations_of_other_writers_are_accepted() {
    for changes in [
        json!({"exp": 1_800_000_600.5}),
        json!({"iat": 1_799_999_990.25}),
        json!({"iat": 1_800_000_009}),
        json!({"nbf": 1_799_999_000}),
        json!({"jti": ""}),
        json!({"user_id": "42"}),
    ] {
        assert!(read(&foreign(&changes)).is_ok(), "{changes}");
    }
}

#[test]
fn a_session_claimed_without_its_jti_is_refused() {
    let session = session().id.to_string();
    let forged = foreign(&json!({"sid": session, "gen": 0, "jti": "0".repeat(32)}));

    assert_eq!(read(&forged), Err(TokenError::Invalid));
}

/// SECURITY.md T34: every header that asks for another way of checking, over a sound payload.
#[test]
fn t34_the_algorithm_is_ours_to_choose() {
    let payload = pair().refresh.split('.').nth(1).unwrap().to_owned();
    let signature = pair().refresh.split('.').nth(2).unwrap().to_owned();
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None", "typ": "JWT"}),
        json!({"alg": "HS384"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": ["HS256"]}),
        json!({"typ": "JWT"}),
        json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        json!([]),
    ] {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        for signature in ["", signature.as_str(), "AAAA"] {
            let token = format!("{header}.{payload}.{signature}");
            assert_eq!(read(&token), Err(TokenError::Invalid), "{token}");
        }
    }
    assert_eq!(
        RefreshToken::read(&pair().refresh, &keys_of("another secret"), now()),
        Err(TokenError::Invalid)
    );
    for garbage in ["", ".", "..", "...", "a.b.c", "توکن", &"a".repeat(100_000)] {
        assert_eq!(read(garbage), Err(TokenError::Invalid));
    }
}

#[test]
fn a_header_of_another_writer_is_read_if_it_names_the_keys_algorithm() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","kid":"old","alg":"HS256"}"#);
    let payload = URL_SAFE_NO_PAD.encode(part(&foreign(&json!({})), 1));
    let message = format!("{header}.{payload}");
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256)
            .unwrap();

    assert!(read(&format!("{message}.{signature}")).is_ok());
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn no_changed_byte_is_accepted(position in 0_usize..400, byte in 0x21_u8..0x7f) {
        let token = pair().refresh;
        let mut changed = token.clone().into_bytes();
        let position = position % changed.len();
        prop_assume!(changed[position] != byte && byte != b'=');
        // The last character carries two bits that no decoder needs to look at.
        prop_assume!(position != changed.len() - 1);
        changed[position] = byte;
        prop_assert!(read(std::str::from_utf8(&changed).unwrap()).is_err());
    }

    #[test]
    fn no_signed_payload_panics(payload in ".{0,200}") {
        prop_assert!(read(&keys().sign_refresh(&payload).unwrap()).is_err());
    }
}

#[test]
fn tokens_outlive_a_change_of_the_master_secret_while_the_old_one_is_named() {
    const NEXT: &str = "Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0u";
    let derived_anew = "another secret, derived from the next master secret";
    let before = pair();
    let is_known = |keys: &KeyRing| {
        let refresh = RefreshToken::read(&before.refresh, keys, now());
        let access = read_access(&before.access, keys, now());
        (refresh.is_ok(), access == Ok(UserId::new(42)))
    };

    for secret in [SECRET, derived_anew] {
        let changed = key_ring(secret, NEXT, vec![refresh_keys(SECRET, MASTER)]);
        assert_eq!(is_known(&changed), (true, true));
        let random = SeededRandom::new(3);
        let policy = TokenPolicy::default();
        let after = TokenPair::mint(&session(), &changed, &policy, &random, now()).unwrap();
        assert_ne!(after.refresh, before.refresh);
        assert!(RefreshToken::read(&after.refresh, &changed, now()).is_ok());
        assert!(RefreshToken::read(&after.refresh, &keys(), now()).is_err());
    }
    let forgotten = key_ring(derived_anew, NEXT, Vec::new());
    assert_eq!(is_known(&forgotten), (false, false));
    let shared_alone = key_ring(SECRET, NEXT, Vec::new());
    assert_eq!(is_known(&shared_alone), (false, true));
}
