//! What is not filled, and what a fill that ends early leaves.

use super::*;

#[tokio::test]
async fn a_number_that_is_anothers_ends_the_fill_without_showing_it() {
    for place in Place::each().await {
        let number = phone_of(500).to_key();
        let insert = format!(
            "insert into users (username, phone, first_name, last_name, gender, is_active,
                 is_staff, is_superuser, joined_at)
             values ('real', {number}, '', '', 'unknown', {yes}, {no}, {no}, 0)",
            yes = if matches!(place, Place::Sqlite(_)) {
                "1"
            } else {
                "true"
            },
            no = if matches!(place, Place::Sqlite(_)) {
                "0"
            } else {
                "false"
            },
        );
        place.execute(&insert).await;

        let error = run(&Fill {
            add: true,
            ..order(&place)
        })
        .await
        .unwrap_err();

        let message = format!("{error:#}");
        assert!(message.contains("was not filled"), "{message}");
        assert!(!message.contains(&number.to_string()), "{message}");
        assert_eq!(counts(&place).await, [1, 0, 0, 0, 0, 0]);
    }
}

#[tokio::test]
async fn a_fill_that_does_not_finish_leaves_nothing() {
    for place in Place::each().await {
        let extent = Extent {
            users: 100,
            logins: 100,
            sessions: 10,
            spread: DAY,
        };
        let history = History::new(extent, 1, SystemClock.now()).unwrap();
        let mut users: Vec<_> = (0..100).map(|index| history.user(index).unwrap()).collect();
        let logins: Vec<_> = (0..100)
            .map(|index| history.login(index).unwrap())
            .collect();

        match place.url() {
            DatabaseUrl::Sqlite(path) => {
                let filling = SqliteFilling::begin(&path).unwrap();
                put(filling, &history, &mut users, &logins, Then::BreakOff).await;
            }
            DatabaseUrl::Postgres(url) => {
                let filling = PostgresFilling::begin(&url).await.unwrap();
                put(filling, &history, &mut users, &logins, Then::BreakOff).await;
            }
        }

        assert_eq!(counts(&place).await, [0; 6]);
        run(&order(&place)).await.unwrap();
        assert_eq!(place.count("users").await, 1000);
    }
}

#[tokio::test]
async fn a_database_with_users_is_filled_only_if_told_so() {
    for place in Place::each().await {
        run(&order(&place)).await.unwrap();

        let error = run(&order(&place)).await.unwrap_err();
        assert!(error.to_string().contains("--add"), "{error}");
        assert_eq!(place.count("users").await, 1000);

        run(&Fill {
            add: true,
            ..order(&place)
        })
        .await
        .unwrap();
        assert_eq!(place.count("users").await, 2000);
        assert_eq!(place.count("challenges").await, 4000);
        let user = place.store().await.user_by_phone(phone_of(2000)).await;
        assert_eq!(user.unwrap().unwrap().id, UserId::new(2000));
    }
}

#[tokio::test]
async fn a_database_that_phonekey_did_not_make_is_refused() {
    let place = Place::empty_folder();

    let missing = run(&order(&place)).await.unwrap_err();
    assert!(
        missing.to_string().contains("phonekey migrate"),
        "{missing}"
    );
    assert!(!place.path().exists());

    place.execute("create table users (id integer)").await;
    let foreign = run(&order(&place)).await.unwrap_err();
    assert!(foreign.to_string().contains("did not make"), "{foreign}");
}

#[tokio::test]
async fn a_schema_that_is_older_or_newer_is_refused() {
    for place in Place::each().await {
        let newer = "insert into schema_migrations (name, applied_at) values ('9999_later', 0)";
        place.execute(newer).await;
        let error = run(&order(&place)).await.unwrap_err();
        assert!(error.to_string().contains("9999_later"), "{error}");

        place.execute("delete from schema_migrations").await;
        let error = run(&order(&place)).await.unwrap_err();
        assert!(error.to_string().contains("phonekey migrate"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_a_server_has_open_is_refused() {
    let place = Place::sqlite().await;
    let store = place.store().await;

    let error = run(&order(&place)).await.unwrap_err();

    assert!(error.to_string().contains("stop the server"), "{error}");
    drop(store);
    run(&order(&place)).await.unwrap();
}
