use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use phonekey_core::{
    delivery::{message::Message, outcome::SendRefusal},
    ports::delivery::MessageSender,
};
use phonekey_delivery::{providers::file::FileSender, settings::FileSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    fakes::{accepted, refused},
    world::{World, texts},
};

struct Place {
    path: PathBuf,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            path: folder.path().join("messages.jsonl"),
            _folder: folder,
        }
    }

    fn sender(&self, world: &World) -> FileSender {
        let settings = FileSettings {
            path: self.path.clone(),
        };
        FileSender::open(&settings, texts(), world.clock()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let content = fs::read_to_string(&self.path).unwrap();
        assert!(content.ends_with('\n'), "the last line is whole");
        content
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn message(world: &World) -> Message {
    world.message(&world.challenge())
}

#[tokio::test]
async fn a_message_is_one_line_of_json() {
    let (world, place) = (World::new(), Place::new());
    let message = message(&world);

    let outcome = place.sender(&world).send(&message).await;

    assert_eq!(outcome, accepted());
    let code = message.code.expose();
    let expected = format!(
        "{{\"uuid\":\"{}\",\"to\":\"+989121234567\",\"code\":\"{code}\",\"text\":\"Your login \
         code:\\n{code}\\nValid for 2 min. Do not give it to anyone.\",\"channel\":\"sms\",\
         \"locale\":\"en\"}}\n",
        message.delivery.challenge
    );
    assert_eq!(fs::read_to_string(&place.path).unwrap(), expected);
}

#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    let (world, place) = (World::new(), Place::new());

    let _sender = place.sender(&world);

    let mode = fs::metadata(&place.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_was_in_the_file_stays() {
    let (world, place) = (World::new(), Place::new());
    place.sender(&world).send(&message(&world)).await;

    place.sender(&world).send(&message(&world)).await;

    assert_eq!(place.lines().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_at_once_are_a_thousand_whole_lines() {
    let (world, place) = (World::new(), Place::new());
    let sender = Arc::new(place.sender(&world));

    let sends: Vec<_> = (0..1000)
        .map(|_| {
            let (sender, message) = (Arc::clone(&sender), message(&world));
            tokio::spawn(async move { sender.send(&message).await })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), accepted());
    }

    let lines = place.lines();
    let ids: BTreeSet<_> = lines.iter().map(|line| line["uuid"].as_str()).collect();
    assert_eq!(lines.len(), 1000);
    assert_eq!(ids.len(), 1000);
}

#[tokio::test]
async fn a_file_that_was_removed_or_rotated_is_made_anew() {
    let (world, place) = (World::new(), Place::new());
    let sender = place.sender(&world);
    let (first, second, third) = (message(&world), message(&world), message(&world));
    let only_line_is = |message: &Message| {
        let id = message.delivery.challenge.to_string();
        let lines = place.lines();
        lines.len() == 1 && lines[0]["uuid"] == id
    };

    sender.send(&first).await;
    fs::remove_file(&place.path).unwrap();
    let after_removal = sender.send(&second).await;
    assert_eq!(after_removal, accepted());
    assert!(only_line_is(&second));

    fs::rename(&place.path, place.path.with_extension("1")).unwrap();
    let after_rotation = sender.send(&third).await;
    assert_eq!(after_rotation, accepted());
    assert!(only_line_is(&third));
}

/// Linux's `/dev/full` answers every write as a full disk does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_write_is_a_refusal_for_the_time_being() {
    let world = World::new();
    let settings = FileSettings {
        path: PathBuf::from("/dev/full"),
    };
    let sender = FileSender::open(&settings, texts(), world.clock()).unwrap();

    let outcome = sender.send(&message(&world)).await;

    assert_eq!(outcome, refused(SendRefusal::Temporary));
}
