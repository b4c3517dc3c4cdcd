//! `delivery send-test`, and `delivery status` without a server.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    played::{SECRET, Webhook},
    shell::{Ran, Shell},
};

const REFUSING: &str = r#"{"status": "refused", "reason": "no_credit"}"#;
const ACCEPTING: &str = r#"{"status": "accepted", "message_id": "m-1",
    "cost": {"micros": 1200500000, "currency": "IRR"}}"#;

/// A folder with a server's secret, where messages go to `messages.jsonl` and to a webhook.
struct Scene {
    shell: Shell,
    webhook: Webhook,
}

impl Scene {
    fn with(webhook: Webhook) -> Self {
        let shell = Shell::new();
        Self { shell, webhook }
    }

    /// Runs `delivery send-test` to a number by this route, where no database can be reached.
    fn send_test(&self, route: &str, more: &str) -> Ran {
        let file = self.shell.path("messages.jsonl");
        let variables = [
            ("PHONEKEY_DATABASE__URL", "postgres://127.0.0.1:1/nowhere"),
            ("PHONEKEY_SECRET", "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue+x"),
            ("PHONEKEY_DELIVERY__ROUTES__DEFAULT", route),
            ("PHONEKEY_DELIVERY__FILE__PATH", &file),
            ("PHONEKEY_DELIVERY__WEBHOOK__URL", &self.webhook.url),
            ("PHONEKEY_DELIVERY__WEBHOOK__SECRETS", SECRET),
            ("PHONEKEY_DELIVERY__WEBHOOK__TIMEOUT", "300ms"),
            ("PHONEKEY_DELIVERY__TELEGRAM__TOKEN", "AAHtoken:secret"),
        ];
        let line = format!("delivery send-test --to 09121234567 {more}");
        let ran = self.shell.run_with(&line, &variables);
        for secret in ["9121234567", SECRET, "q8Zr1mT0vYx3", "AAHtoken"] {
            assert!(!ran.out().contains(secret), "{}", ran.out());
        }
        for code in self.codes() {
            assert!(!ran.out().contains(&code), "{code}: {}", ran.out());
        }
        ran
    }

    /// The codes that went to the file.
    fn codes(&self) -> Vec<String> {
        let messages = fs::read_to_string(self.shell.path("messages.jsonl"));
        let messages = messages.unwrap_or_default();
        let messages = messages.lines().map(serde_json::from_str);
        let codes = messages.map(|it| it.map(|it: Value| it["code"].as_str().unwrap().to_owned()));
        codes.collect::<Result<_, _>>().unwrap()
    }
}

/// Every line of a program's standard output, without what differs each time.
fn steps(ran: &Ran) -> Vec<Value> {
    let out = ran.out();
    let lines = out.lines().map(serde_json::from_str);
    let mut steps: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
    for step in &mut steps {
        let took = step.as_object_mut().unwrap().remove("took_ms");
        assert!(took.is_none_or(|took| took.is_u64()));
    }
    steps
}

#[test]
fn a_test_message_goes_by_the_first_provider_that_takes_it() {
    let scene = Scene::with(Webhook::answering(ACCEPTING));

    let ran = scene.send_test("webhook, file", "--language tr");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    let out = ran.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "number      +98*****4567, of IR");
    assert_eq!(lines[1], "language    tr");
    assert_eq!(lines[2], "route       webhook:sms, then file:sms");
    assert_eq!(lines[3], "sending     webhook:sms");
    assert!(
        lines[4].starts_with("taken       webhook:sms, after "),
        "{out}"
    );
    assert!(
        lines[4].ends_with(" ms, message m-1, cost 1200.5 IRR"),
        "{out}"
    );
    assert_eq!(
        lines[5],
        "report      webhook:sms does not report what becomes of messages"
    );
    assert_eq!(lines.len(), 6, "{out}");
    assert!(scene.codes().is_empty());
    let body: Value = serde_json::from_str(&scene.webhook.bodies()[0]).unwrap();
    assert_eq!(body["phone"], "+989121234567");
    assert_eq!(body["locale"], "tr");
    assert_eq!(body["code"].as_str().unwrap().len(), 5);
    assert!(!out.contains(body["code"].as_str().unwrap()));
}

#[test]
fn a_refusal_is_explained_and_the_next_provider_is_tried() {
    let scene = Scene::with(Webhook::answering(REFUSING));

    let ran = scene.send_test("webhook, file", "--json");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    let expected = [
        json!({ "step": "number", "to": "+98*****4567", "region": "IR" }),
        json!({ "step": "text", "language": "fa" }),
        json!({ "step": "route", "ways": ["webhook:sms", "file:sms"], "strategy": "ordered" }),
        json!({ "step": "handed_over", "way": "webhook:sms" }),
        json!({
            "step": "refused",
            "way": "webhook:sms",
            "refusal": "no_credit",
            "meaning": "the account is empty",
            "advice": "top it up in the provider's console",
            "next": "file:sms",
        }),
        json!({ "step": "handed_over", "way": "file:sms" }),
        json!({ "step": "accepted", "way": "file:sms", "message_id": null, "cost": null }),
        json!({ "step": "report", "way": "file:sms", "report": "never" }),
        json!({ "step": "end", "result": "taken" }),
    ];
    assert_eq!(steps(&ran), expected);
    assert_eq!(scene.codes().len(), 1);
    let plain = scene.send_test("webhook, file", "");
    let advice = "what to do  top it up in the provider's console\nnext        file:sms\n";
    assert!(plain.out().contains(advice), "{}", plain.out());
}

#[test]
fn when_nobody_takes_the_message_the_exit_says_so() {
    let scene = Scene::with(Webhook::answering(REFUSING));

    let ran = scene.send_test("webhook", "");

    assert_eq!(ran.code(), 1);
    let error = "error: no provider took the message; webhook:sms refused it last (no_credit)\n";
    assert!(ran.err().ends_with(error), "{}", ran.err());
}

#[test]
fn a_provider_that_does_not_answer_may_have_taken_the_message() {
    let scene = Scene::with(Webhook::silent());

    let ran = scene.send_test("webhook, file", "--json");

    assert_eq!(ran.code(), 1, "{}", ran.out());
    assert!(ran.err().contains("nobody can tell"), "{}", ran.err());
    let steps = steps(&ran);
    let last = &steps[steps.len() - 2..];
    assert_eq!(last[0], json!({ "step": "unknown", "way": "webhook:sms" }));
    assert_eq!(last[1], json!({ "step": "end", "result": "unknown" }));
    assert!(scene.codes().is_empty(), "it would have gone twice");
}

#[test]
fn one_provider_can_be_tried_before_a_route_uses_it() {
    let scene = Scene::with(Webhook::answering(REFUSING));

    let ran = scene.send_test("inbox", "--provider file --channel voice");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert!(
        ran.out().contains("route       file:voice\n"),
        "{}",
        ran.out()
    );
    assert_eq!(scene.codes().len(), 1);
}

#[test]
fn what_is_kept_for_the_inbox_is_not_sent() {
    let shell = Shell::new();

    let ran = shell.run("delivery send-test --to 09121234567");

    assert_eq!(ran.code(), 1, "{}", ran.out());
    assert!(
        ran.err().contains("there is nothing to send"),
        "{}",
        ran.err()
    );
    let made = Path::new(&shell.path("phonekey-data")).exists();
    assert!(!made, "neither a database nor a secret");
}

#[test]
fn the_consoles_messages_are_no_part_of_the_result() {
    let scene = Scene::with(Webhook::answering(REFUSING));

    let ran = scene.send_test("console", "--json");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert_eq!(steps(&ran).len(), 7, "{}", ran.out());
    assert!(ran.err().contains("+989121234567  "), "{}", ran.err());
}

#[test]
fn that_a_server_would_send_nothing_to_a_test_number_is_said() {
    let scene = Scene::with(Webhook::answering(ACCEPTING));
    let config =
        "[[test_numbers]]\nnumber = '+989121234567'\ncode = '12345'\nuntil = '2099-01-01'\n";
    fs::write(scene.shell.path("phonekey.toml"), config).unwrap();

    let ran = scene.send_test("file", "");

    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert!(ran.err().contains("this is a test number"), "{}", ran.err());
    assert_ne!(scene.codes(), ["12345"], "the code opens nothing");
}

#[test]
fn what_makes_no_sense_is_told_before_anything_is_sent() {
    let scene = Scene::with(Webhook::answering(ACCEPTING));

    for (more, code, said) in [
        ("--provider pigeon", 3, "there is no provider `pigeon`"),
        ("--provider kavenegar", 1, "`kavenegar` is not configured"),
        (
            "--provider telegram --channel voice",
            2,
            "does not carry voice, but telegram",
        ),
        ("--channel pigeon", 2, "sms, voice, whatsapp, telegram"),
        ("--wait 1h", 2, "--wait"),
        (
            "--channel voice",
            1,
            "no route leads to this number by voice",
        ),
    ] {
        let ran = scene.send_test("webhook", more);

        assert_eq!(ran.code(), code, "{more}: {}{}", ran.out(), ran.err());
        assert!(ran.err().contains(said), "{more}: {}", ran.err());
    }
    let ran = scene.shell.run("delivery send-test --to 12");
    assert_eq!(ran.code(), 2);
    assert!(ran.err().contains("not a phone number"), "{}", ran.err());
    assert!(scene.webhook.bodies().is_empty());
}

#[test]
fn a_status_makes_no_database() {
    let shell = Shell::new();

    let ran = shell.run("delivery status");

    assert_eq!(ran.code(), 1);
    assert!(ran.err().contains("there is no database"), "{}", ran.err());
    assert!(!Path::new(&shell.path("phonekey-data")).exists());
}
