//! The same against a server by others: `tests/smpp/server.mjs`, over the npm package `smpp`.
//!
//! With `CI` set, a Node or a package that is missing is a failure; elsewhere these tests are then
//! left out, and say so.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{SendOutcome, SendRefusal},
        report::Arrival,
    },
    phone::PhoneNumber,
    ports::delivery::MessageSender,
    secret::Secret,
};
use phonekey_delivery::{
    providers::smpp::settings::{Encryption, LongTexts, SmppSettings},
    text::{Texts, templates::Templates},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::kit::{CODE, Client, LONG, SHORT, accepted, message, refused, settings};

const PASSWORD: &str = "s3cr3t-of-more-than-eight";

/// The server, as a process of its own.
struct Node {
    port: u16,
    events: mpsc::UnboundedReceiver<Value>,
    process: Child,
}

impl Node {
    /// Starts it; `None` where it cannot be.
    async fn start(arguments: &[PathBuf]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/smpp");
        let is_required = env::var_os("CI").is_some();
        if !folder.join("node_modules/smpp").is_dir() {
            let missing = "left out: `npm ci --prefix tests/smpp` was not run";
            assert!(!is_required, "{missing}");
            println!("{missing}");
            return None;
        }
        let spawned = Command::new("node")
            .arg(folder.join("server.mjs"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = match spawned {
            Ok(process) => process,
            Err(error) => {
                assert!(!is_required, "node: {error}");
                println!("left out: node: {error}");
                return None;
            }
        };
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (tell, events) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut node = Self {
            port: 0,
            events,
            process,
        };
        let listening = node.next("listening").await;
        node.port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        Some(node)
    }

    /// The next event of a name; those in between are let be, unless the server could not read
    /// something.
    async fn next(&mut self, name: &str) -> Value {
        loop {
            let event = timeout(LONG, self.events.recv()).await.unwrap();
            let event = event.expect("the server ended");
            assert_ne!(event["event"], "error", "{event}");
            if event["event"] == name {
                return event;
            }
        }
    }

    fn settings(&self) -> SmppSettings {
        let mut settings = settings(self.port);
        settings.account.password = Secret::new(PASSWORD);
        settings
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn to(number: &str) -> Message {
    Message {
        to: PhoneNumber::from_e164(number).unwrap(),
        ..message()
    }
}

const LOST: Arrival = Arrival::Undelivered(SendRefusal::Temporary);

#[tokio::test]
async fn messages_go_and_are_reported() {
    let Some(mut node) = Node::start(&[]).await else {
        return;
    };
    let client = Client::start(&node.settings());
    let bind = node.next("bind").await;
    assert_eq!(
        (&bind["system_id"], &bind["version"]),
        (&json!("phonekey"), &json!(0x34))
    );
    assert_eq!(bind["right"], true);
    node.next("client is there").await;

    for (number, id, arrival) in [
        ("+989121234501", "n-1", Arrival::Delivered),
        ("+989121234502", "n-2", LOST),
        ("+989121234503", "n-3", LOST),
    ] {
        let outcome = client.smpp.send(&to(number)).await;

        assert_eq!(outcome, accepted(id));
        let submit = node.next("submit").await;
        assert_eq!(submit["from"], "PhoneKey");
        assert_eq!(submit["to"], number[1..]);
        assert_eq!(
            (&submit["coding"], &submit["receipt"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(submit["valid_for"], 120);
        let text = submit["text"].as_str().unwrap();
        assert!(
            text.starts_with(&format!("Your login code:\n{CODE}\n")),
            "{text}"
        );
        let report = client.reports.next().await;
        assert_eq!(report.message_id.as_str(), id);
        assert_eq!(report.arrival, Some(arrival));
        assert_eq!(node.next("receipt answered").await["status"], 0);
    }

    client.stop().await;
    node.next("unbind").await;
    node.next("close").await;
}

#[tokio::test]
async fn refusals_and_silence_are_told_apart() {
    let Some(mut node) = Node::start(&[]).await else {
        return;
    };
    let mut settings = node.settings();
    (settings.timeout, settings.enquire_every) = (SHORT, SHORT);
    let client = Client::start(&settings);
    node.next("bind").await;

    let not_a_number = client.smpp.send(&to("+989121234504")).await;
    let unanswered = client.smpp.send(&to("+989121234505")).await;

    assert_eq!(not_a_number, refused(SendRefusal::InvalidNumber));
    assert_eq!(unanswered, SendOutcome::Unknown);
    // Asked whether it is there, it says so.
    for _ in 0..3 {
        node.next("asked").await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_as_that() {
    let Some(mut node) = Node::start(&[]).await else {
        return;
    };
    let mut settings = node.settings();
    settings.account.password = Secret::new("wrong");
    let client = Client::start(&settings);

    let outcome = client.smpp.send(&to("+989121234501")).await;

    assert_eq!(node.next("bind").await["right"], false);
    assert_eq!(outcome, refused(SendRefusal::BadCredentials));
}

#[tokio::test]
async fn a_long_persian_text_is_read_as_it_was_written() {
    let site = "login.a-shop-with-a-long-name-that-is-longer-than.example";
    for (long, headers) in [
        (LongTexts::Parts, [Some("0201"), Some("0202")].as_slice()),
        (LongTexts::Payload, &[None]),
    ] {
        let Some(mut node) = Node::start(&[]).await else {
            return;
        };
        let mut settings = node.settings();
        settings.texts.long = long;
        let texts = Texts::new(Templates::shipped(), "fa", Some(site.parse().unwrap()));
        let client = Client::writing(&settings, texts.unwrap());
        let mut persian = to("+989121234501");
        "fa".clone_into(&mut persian.language);

        let outcome = client.smpp.send(&persian).await;

        let last = format!("n-{}", headers.len());
        assert_eq!(outcome, accepted(&last));
        let mut text = String::new();
        for header in headers {
            let submit = node.next("submit").await;
            assert_eq!(submit["coding"], 8);
            text.push_str(submit["text"].as_str().unwrap());
            // Its kind, its length, the message's number, and the part's place among two.
            let read = submit["header"][0].as_str().map(|it| (&it[..4], &it[6..]));
            assert_eq!(read, header.map(|place| ("0003", place)));
        }
        assert!(
            text.starts_with(&format!("کد ورود شما:\n{CODE}\n")),
            "{text}"
        );
        assert!(text.ends_with(&format!("@{site} #{CODE}")), "{text}");
    }
}

#[tokio::test]
async fn a_session_within_tls_is_a_session() {
    let tls = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/tls");
    let arguments = [
        PathBuf::from("tls"),
        tls.join("server.pem"),
        tls.join("server.key"),
    ];
    let Some(mut node) = Node::start(&arguments).await else {
        return;
    };
    let mut settings = node.settings();
    "localhost".clone_into(&mut settings.host);
    settings.encryption = Encryption::Tls {
        authorities: Some(tls.join("authority.pem")),
    };
    let client = Client::start(&settings);

    let outcome = client.smpp.send(&to("+989121234501")).await;

    assert_eq!(outcome, accepted("n-1"));
    assert_eq!(node.next("bind").await["right"], true);
}
