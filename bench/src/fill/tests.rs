//! Small fills, read back as a server reads them: through the store.

mod forms;
mod login;
mod place;
mod refusals;

use std::time::Duration;

use phonekey_core::{
    challenge::{ChallengeState, CloseReason},
    delivery::{DeliveryState, ProviderName},
    id::UserId,
    phone::PhoneNumber,
    policy::Policy,
    ports::store::{OpenOutcome, PresentedToken, Purge, RotateOutcome, RotateSession},
    rate::Span,
    user::User,
};

use self::{forms::forms, login::Person, place::Place};
use super::*;
use crate::fill::{count::Count, history::Login};
use crate::numbers::Number;

const DAY: Duration = Duration::from_hours(24);

const TABLES: [&str; 6] = [
    "users",
    "challenges",
    "deliveries",
    "standings",
    "sessions",
    "audit_events",
];

fn order(place: &Place) -> Fill {
    Fill {
        database: place.url(),
        users: Count(1000),
        challenges: Count(2000),
        sessions: Count(300),
        spread: Span(20 * DAY),
        add: false,
        json: false,
    }
}

fn phone_of(user: u64) -> PhoneNumber {
    Number::of_filled_user(user).unwrap().phone().unwrap()
}

enum Then {
    Finish,
    BreakOff,
}

async fn put(
    mut filling: impl Filling,
    history: &History,
    users: &mut [User],
    logins: &[Login],
    then: Then,
) {
    filling.put_users(users, history.random()).await.unwrap();
    filling.put_logins(logins).await.unwrap();
    match then {
        Then::Finish => {
            let last = users.last().unwrap().id.get();
            filling.finish(last).await.unwrap();
        }
        Then::BreakOff => drop(filling),
    }
}

async fn counts(place: &Place) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(place.count(table).await);
    }
    counts
}

#[tokio::test]
async fn as_many_rows_are_there_as_were_asked_for() {
    for place in Place::each().await {
        let filled = run(&order(&place)).await.unwrap();

        let standings = i64::try_from(filled.standings).unwrap();
        assert!((90..110).contains(&standings), "{standings}");
        assert_eq!(
            counts(&place).await,
            [1000, 2000, 2000, standings, 300, 2000]
        );
        assert!(filled.size_bytes > 200_000, "{}", filled.size_bytes);
    }
}

#[tokio::test]
async fn a_filled_user_is_found_by_id_number_and_name() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let store = place.store().await;

        let user = store.user(UserId::new(1000)).await.unwrap().unwrap();
        let by_phone = store.user_by_phone(phone_of(1000)).await.unwrap();
        let by_name = store.user_by_username(&user.username).await.unwrap();

        assert_eq!(by_phone.as_ref(), Some(&user));
        assert_eq!(by_name.as_ref(), Some(&user));
        assert!(user.last_login_at > Some(user.joined_at));
    }
}

#[tokio::test]
async fn a_filled_session_is_refreshed() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let (user, session, generation) = place.oldest_session().await;
        let step = RotateSession {
            user,
            presented: PresentedToken::Own {
                session,
                generation,
            },
            policy: Policy::default().session,
            now: SystemClock.now(),
        };

        let outcome = place.store().await.rotate_session(step).await.unwrap();

        match outcome {
            RotateOutcome::Granted(session) => assert_eq!(session.generation, generation + 1),
            other => panic!("{other:?}"),
        }
        assert_eq!(generation, 19);
    }
}

#[tokio::test]
async fn a_filled_number_logs_in_again_as_the_same_user() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let person = Person::with(phone_of(1000), SystemClock.now());
        let store = place.store().await;

        let opened = person.open(&*store).await;
        let session = person.answer(&*store).await;

        assert!(matches!(opened, OpenOutcome::Opened { .. }), "{opened:?}");
        assert_eq!(session.user, UserId::new(1000));
    }
}

#[tokio::test]
async fn a_new_number_becomes_the_next_user() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let number = crate::numbers::Numbers::seeded(1).next();
        let person = Person::with(number.phone().unwrap(), SystemClock.now());
        let store = place.store().await;

        person.open(&*store).await;
        let session = person.answer(&*store).await;

        assert_eq!(session.user, UserId::new(1001));
    }
}

#[tokio::test]
async fn filled_challenges_were_sent_and_answered() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let store = place.store().await;

        let webhook = ProviderName::new("webhook");
        let recent = store.recent_deliveries(&webhook, None, 100).await.unwrap();

        assert_eq!(recent.len(), 100);
        for due in recent {
            let DeliveryState::Accepted { at: accepted_at } = due.delivery.state else {
                panic!("{due:?}");
            };
            let ChallengeState::Closed { at, reason } = due.challenge.state else {
                panic!("{due:?}");
            };
            assert_eq!(reason, CloseReason::Answered);
            assert!(due.challenge.created_at < accepted_at && accepted_at < at);
            assert!(due.challenge.expires_at <= SystemClock.now());
        }
    }
}

#[tokio::test]
async fn a_purge_right_after_a_fill_deletes_nothing() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();
        let store = place.store().await;
        let before = counts(&place).await;

        for _ in 0..5 {
            let purge = Purge {
                challenge_retention: 30 * DAY,
                audit_retention: 180 * DAY,
                batch: 500,
                now: SystemClock.now().plus(Duration::from_mins(50)),
            };
            assert!(store.purge(purge).await.unwrap().is_empty());
        }

        assert_eq!(counts(&place).await, before);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_drawn_again() {
    for place in Place::each().await {
        let extent = Extent {
            users: 4,
            logins: 0,
            sessions: 0,
            spread: DAY,
        };
        let history = History::new(extent, 1, SystemClock.now()).unwrap();
        let mut users: Vec<_> = (0..4).map(|index| history.user(index).unwrap()).collect();
        let taken = users[0].username.clone();
        users[2].username = taken.clone();

        match place.url() {
            DatabaseUrl::Sqlite(path) => {
                let filling = SqliteFilling::begin(&path).unwrap();
                put(filling, &history, &mut users, &[], Then::Finish).await;
            }
            DatabaseUrl::Postgres(url) => {
                let filling = PostgresFilling::begin(&url).await.unwrap();
                put(filling, &history, &mut users, &[], Then::Finish).await;
            }
        }

        let stored = place.store().await.users(None, 10).await.unwrap();
        let renamed = stored.iter().filter(|user| user.username != taken).count();
        assert_eq!(stored.len(), 4);
        assert!(renamed >= 3);
    }
}

#[tokio::test]
async fn a_deleted_users_id_is_not_given_out_again() {
    for place in Place::each().await {
        let few = Fill {
            users: Count(10),
            challenges: Count(0),
            sessions: Count(0),
            ..order(&place)
        };
        run(&few).await.unwrap();
        place.execute("delete from users").await;

        run(&few).await.unwrap();

        let users = place.store().await.users(None, 1).await.unwrap();
        assert!(users[0].id > UserId::new(10), "{}", users[0].id);
    }
}

#[tokio::test]
async fn a_filled_file_is_sound_and_has_no_log_beside_it() {
    let place = Place::sqlite().await;
    run(&order(&place)).await.unwrap();

    assert!(!place.path().with_extension("db-wal").exists());
    let db = rusqlite::Connection::open(place.path()).unwrap();
    let word = |sql: &str| -> String { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(word("pragma integrity_check"), "ok");
    assert_eq!(word("pragma journal_mode"), "wal");
    let mut strays = db.prepare("pragma foreign_key_check").unwrap();
    assert!(!strays.exists([]).unwrap());
}

#[tokio::test]
async fn filled_rows_have_the_form_of_a_real_logins() {
    let (real, filled) = (Place::sqlite().await, Place::sqlite().await);
    let person = Person::with(phone_of(7), SystemClock.now());
    let store = real.store().await;
    person.open(&*store).await;
    person.deliver(&*store).await;
    person.answer(&*store).await;
    drop(store);

    let once = Fill {
        users: Count(20),
        challenges: Count(20),
        sessions: Count(20),
        spread: Span(20 * Duration::from_hours(1)),
        ..order(&filled)
    };
    run(&once).await.unwrap();

    for table in TABLES {
        let (real, filled) = (forms(&real.path(), table), forms(&filled.path(), table));
        assert_eq!(real.len(), 1, "{table}: {real:?}");
        assert_eq!(filled, real, "{table}");
    }
}
