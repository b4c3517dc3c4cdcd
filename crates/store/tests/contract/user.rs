//! Cases of `UserStore`.

use phonekey_core::{
    id::UserId,
    phone::PhoneNumber,
    ports::store::{CreateOutcome, DeleteOutcome, RotateOutcome, UserUpdate},
    user::{Activity, Role, User},
};

use super::fixture;
use crate::kit::{MINUTE, World, granted, new_user, phone, username};

#[tokio::test]
async fn a_created_user_is_found_by_id_number_and_name() {
    let world = fixture().await;

    let user = create(&world, "maryam", Some(phone(1))).await;

    let expected = new_user("maryam", Some(phone(1))).create(user.id, world.now());
    assert_eq!(user, expected);
    let store = &world.store;
    assert_eq!(store.user(user.id).await.unwrap().as_ref(), Some(&user));
    let by_phone = store.user_by_phone(phone(1)).await.unwrap();
    assert_eq!(by_phone.as_ref(), Some(&user));
    let by_name = store.user_by_username(&user.username).await.unwrap();
    assert_eq!(by_name, Some(user));
}

#[tokio::test]
async fn whom_nobody_created_is_not_found() {
    let world = fixture().await;
    create(&world, "maryam", Some(phone(1))).await;

    let store = &world.store;

    assert_eq!(store.user(UserId::new(4711)).await.unwrap(), None);
    assert_eq!(store.user_by_phone(phone(2)).await.unwrap(), None);
    let by_name = store.user_by_username(&username("Maryam")).await.unwrap();
    assert_eq!(by_name, None);
}

#[tokio::test]
async fn a_number_has_one_user() {
    let world = fixture().await;
    create(&world, "maryam", Some(phone(1))).await;

    let second = new_user("zahra", Some(phone(1)));
    let outcome = world.store.create_user(second, world.now()).await.unwrap();

    assert_eq!(outcome, CreateOutcome::PhoneTaken);
}

#[tokio::test]
async fn a_name_has_one_user() {
    let world = fixture().await;
    create(&world, "maryam", Some(phone(1))).await;

    let second = new_user("maryam", Some(phone(2)));
    let outcome = world.store.create_user(second, world.now()).await.unwrap();

    assert_eq!(outcome, CreateOutcome::UsernameTaken);
    assert_eq!(world.store.user_by_phone(phone(2)).await.unwrap(), None);
}

#[tokio::test]
async fn of_a_taken_number_and_a_taken_name_the_number_is_told() {
    let world = fixture().await;
    create(&world, "maryam", Some(phone(1))).await;

    let second = new_user("maryam", Some(phone(1)));
    let outcome = world.store.create_user(second, world.now()).await.unwrap();

    assert_eq!(outcome, CreateOutcome::PhoneTaken);
}

#[tokio::test]
async fn users_without_a_number_do_not_stand_in_each_others_way() {
    let world = fixture().await;

    let first = create(&world, "operator", None).await;
    let second = create(&world, "auditor", None).await;

    assert_ne!(first.id, second.id);
    assert_eq!(second.phone, None);
}

#[tokio::test]
async fn a_created_user_logs_in_as_itself() {
    let world = fixture().await;
    let user = create(&world, "maryam", Some(phone(1))).await;
    world.clock.advance(MINUTE);

    let session = world.log_in(phone(1)).await;

    let expected = User {
        last_login_at: Some(world.now()),
        ..user
    };
    assert_eq!(world.user(session.user).await, Some(expected));
}

#[tokio::test]
async fn users_are_listed_page_by_page_in_order_of_id() {
    let world = fixture().await;
    let mut created = Vec::new();
    for n in 0..5 {
        created.push(create(&world, &format!("user{n}"), Some(phone(n))).await);
    }

    let first = world.store.users(None, 2).await.unwrap();
    let second = world.store.users(Some(first[1].id), 2).await.unwrap();
    let last = world.store.users(Some(second[1].id), 2).await.unwrap();

    assert_eq!([first, second, last].concat(), created);
}

#[tokio::test]
async fn each_change_is_made_and_audited() {
    let world = fixture().await;
    let user = create(&world, "maryam", Some(phone(1))).await;
    let superuser = Role {
        staff: true,
        superuser: true,
    };
    world.clock.advance(MINUTE);
    for (update, activity, role, kind) in [
        (
            UserUpdate::Deactivate,
            Activity::Inactive,
            Role::default(),
            "user_deactivated",
        ),
        (
            UserUpdate::MakeSuperuser,
            Activity::Inactive,
            superuser,
            "superuser_granted",
        ),
        (
            UserUpdate::Activate,
            Activity::Active,
            superuser,
            "user_activated",
        ),
        (
            UserUpdate::UnmakeSuperuser,
            Activity::Active,
            Role::default(),
            "superuser_withdrawn",
        ),
    ] {
        let changed = world.store.change_user(user.id, update, world.now());
        let changed = changed.await.unwrap();

        let expected = User {
            activity,
            role,
            ..user.clone()
        };
        assert_eq!(changed.as_ref(), Some(&expected));
        assert_eq!(world.user(user.id).await, changed);
        let event = world.audited().await.pop().unwrap();
        assert_eq!(event.kind, kind);
        assert_eq!((event.at, event.user), (world.now(), user.id.get()));
        assert_eq!((event.session, event.challenge), (None, None));
    }
}

#[tokio::test]
async fn creating_is_audited() {
    let world = fixture().await;

    let user = create(&world, "maryam", None).await;

    let events = world.audited().await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(
        (event.kind.as_str(), event.user),
        ("user_created", user.id.get())
    );
}

#[tokio::test]
async fn nobody_cannot_be_changed() {
    let world = fixture().await;

    let nobody = UserId::new(4711);
    let changed = world
        .store
        .change_user(nobody, UserUpdate::Activate, world.now());

    assert_eq!(changed.await.unwrap(), None);
    assert_eq!(world.audited().await, []);
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_its_sessions_and_its_number_is_free() {
    let world = fixture().await;
    let session = world.log_in(phone(1)).await;
    let stranger = world.log_in(phone(2)).await;

    let deleted = world.store.delete_user(session.user, world.now()).await;

    assert_eq!(deleted.unwrap(), DeleteOutcome::Deleted);
    assert_eq!(world.user(session.user).await, None);
    assert_eq!(world.store.user_by_phone(phone(1)).await.unwrap(), None);
    assert_eq!(world.rotate(&session, 0).await, RotateOutcome::Ended);
    granted(world.rotate(&stranger, 0).await);
    let event = world.audited().await.pop().unwrap();
    assert_eq!(event.kind, "user_deleted");
    assert_eq!(event.user, session.user.get());
}

#[tokio::test]
async fn a_deleted_users_id_is_never_given_out_again() {
    let world = fixture().await;
    let last = create(&world, "maryam", Some(phone(1))).await;
    world.store.delete_user(last.id, world.now()).await.unwrap();

    let next = create(&world, "zahra", Some(phone(1))).await;

    assert!(next.id > last.id, "{} after {}", next.id, last.id);
}

#[tokio::test]
async fn a_session_of_a_deleted_user_does_not_come_back_with_its_number() {
    let world = fixture().await;
    let old = world.log_in(phone(1)).await;
    world
        .store
        .delete_user(old.user, world.now())
        .await
        .unwrap();
    world.clock.advance(MINUTE);

    let new = world.log_in(phone(1)).await;

    assert_ne!(new.user, old.user);
    assert_eq!(world.rotate(&old, 0).await, RotateOutcome::Ended);
}

#[tokio::test]
async fn deleting_nobody_is_told_and_not_audited() {
    let world = fixture().await;

    let deleted = world.store.delete_user(UserId::new(4711), world.now());

    assert_eq!(deleted.await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(world.audited().await, []);
}

async fn create(world: &World, name: &str, phone: Option<PhoneNumber>) -> User {
    let user = new_user(name, phone);
    match world.store.create_user(user, world.now()).await.unwrap() {
        CreateOutcome::Created(user) => *user,
        other => panic!("not created: {other:?}"),
    }
}
