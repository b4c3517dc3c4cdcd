//! The commands over the memory store.

use phonekey_core::{
    phone::Region,
    testing::{ManualClock, MemoryStore, SeededRandom},
};
use serde_json::Value;

use super::*;

/// A store with a desk in front of it.
struct World {
    store: Arc<MemoryStore>,
    clock: ManualClock,
    random: SeededRandom,
    answer: Option<bool>,
}

impl World {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            clock: ManualClock::default(),
            random: SeededRandom::new(1),
            answer: None,
        }
    }

    /// Runs a command as the command line gives it, for a program.
    fn run(&self, line: &str) -> Result<String, Failure> {
        self.run_for(Audience::Program, line)
    }

    fn run_for(&self, audience: Audience, line: &str) -> Result<String, Failure> {
        let words = ["phonekey", "user"].into_iter().chain(line.split(' '));
        let cli = <crate::command::Cli as clap::Parser>::try_parse_from(words).unwrap();
        let Some(crate::command::Command::User(subject)) = cli.command else {
            panic!("no user command: {line}");
        };
        let confirm = |_: &str| Ok(self.answer);
        let desk = Desk {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            phone: find::anywhere(&PhonePolicy::only(Region::IRAN)),
            clock: &self.clock,
            random: &self.random,
            confirm: &confirm,
        };
        let mut printed = Vec::new();
        let mut output = Output::new(&mut printed, audience);
        block_on(desk.serve(subject, &mut output))?;
        Ok(String::from_utf8(printed).unwrap())
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(line).unwrap()).unwrap()
    }

    fn with_three_users() -> Self {
        let world = Self::new();
        world
            .run("create --phone 09121111111 --username ali")
            .unwrap();
        world
            .run("create --phone 09122222222 --first-name Sara")
            .unwrap();
        world.run("create --username root --superuser").unwrap();
        world
    }
}

#[test]
fn a_user_is_named_by_id_username_or_number_in_any_spelling() {
    let world = World::with_three_users();

    for who in [
        "1",
        "id:1",
        "ali",
        "name:ali",
        "+989121111111",
        "09121111111",
        "9121111111",
        "00989121111111",
        "phone:۰۹۱۲۱۱۱۱۱۱۱",
    ] {
        assert_eq!(world.json(&format!("show {who} --json"))["id"], 1, "{who}");
    }
}

#[test]
fn who_is_not_there_is_not_found() {
    let world = World::with_three_users();

    for who in ["4", "nobody", "09123333333", "id:ali", "name:1"] {
        let failure = world.run(&format!("show {who}")).unwrap_err();
        assert!(
            matches!(failure, Failure::NotFound(_)),
            "{who}: {failure:?}"
        );
    }
}

#[test]
fn a_name_that_may_mean_two_users_changes_neither() {
    let world = World::with_three_users();
    world.run("create --username 2").unwrap();

    let failure = world.run("deactivate 2").unwrap_err();

    assert!(matches!(&failure, Failure::Usage(message) if message.contains("2 and 4")));
    assert_eq!(world.json("show id:2 --json")["active"], true);
    assert_eq!(world.json("deactivate name:2 --json")["id"], 4);
}

#[test]
fn users_are_changed_and_the_change_is_shown() {
    let world = World::with_three_users();

    assert_eq!(world.json("deactivate ali --json")["active"], false);
    assert_eq!(world.json("activate ali --json")["active"], true);
    let made = world.json("set-superuser ali --json");
    assert_eq!(
        (&made["superuser"], &made["staff"]),
        (&true.into(), &true.into())
    );
    let unmade = world.json("set-superuser ali --off --json");
    assert_eq!(
        (&unmade["superuser"], &unmade["staff"]),
        (&false.into(), &false.into())
    );
    assert_eq!(world.store.audit_events().len(), 3 + 4);
}

#[test]
fn a_list_has_a_line_for_each_user_and_no_heading_behind_a_pipe() {
    let world = World::with_three_users();

    let listed = world.run("list").unwrap();

    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        "1\tali\t+989121111111\t\tyes\t\t2026-01-01T00:00:00Z\t"
    );
    assert!(lines[2].contains("\tsuperuser\t"));
    assert_eq!(
        world
            .run("list --after 1 --limit 1")
            .unwrap()
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_person_gets_a_table() {
    let listed = World::with_three_users()
        .run_for(Audience::Person, "list")
        .unwrap();

    assert!(
        listed.contains("username") && listed.contains("Sara"),
        "{listed}"
    );
}

#[test]
fn a_list_for_a_program_is_one_json_array_however_long() {
    let world = World::new();
    assert_eq!(world.json("list --json"), serde_json::json!([]));
    for index in 0..1200 {
        world.run(&format!("create --username u{index}")).unwrap();
    }

    let listed = world.json("list --json");

    let ids: Vec<i64> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, (1..=1200).collect::<Vec<i64>>());
}

#[test]
fn a_value_speaks_neither_to_the_terminal_nor_to_the_next_field() {
    let world = World::new();
    world
        .run("create --username eve --first-name \u{1b}[2Jx\ty\nz")
        .unwrap();

    let listed = world.run("list").unwrap();

    assert_eq!(listed.lines().count(), 1);
    assert_eq!(listed.matches('\t').count(), HEADING.len() - 1);
    assert!(!listed.contains('\u{1b}'));
}

#[test]
fn a_user_is_deleted_only_after_a_yes() {
    let mut world = World::with_three_users();

    let failure = world.run("delete ali").unwrap_err();
    assert!(matches!(&failure, Failure::Usage(message) if message.contains("--yes")));
    world.answer = Some(false);
    assert!(world.run("delete ali").is_err());
    assert!(world.run("show ali").is_ok());
    world.answer = Some(true);
    assert!(world.run("delete ali").unwrap().contains("+989121111111"));
    assert!(matches!(
        world.run("show ali").unwrap_err(),
        Failure::NotFound(_)
    ));
    world.answer = None;
    assert!(world.run("delete 2 --yes").is_ok());
}

#[test]
fn a_number_and_a_name_belong_to_one_user() {
    let world = World::with_three_users();

    for (line, excerpt) in [
        ("create --phone +989121111111", "has this number"),
        ("create --username ali", "has this username"),
    ] {
        let message = world.run(line).unwrap_err().message().unwrap();
        assert!(message.contains(excerpt), "{message}");
    }
    for line in ["create --phone 12", "create --username a/b"] {
        assert!(
            matches!(world.run(line).unwrap_err(), Failure::Usage(_)),
            "{line}"
        );
    }
}
