//! What is in a message, whatever its caller says.

use serde_json::{Value, json};

use crate::support::{CREATE, Client, Home, mobile, text};

const APP: &str = "FA+9qCX9VSu";
const HOST: &str = "Host: test";

fn home() -> Home {
    let mut home = Home::sqlite();
    home.set("PHONEKEY_MESSAGES__DOMAIN", "example.com")
        .set("PHONEKEY_MESSAGES__APP_HASHES", APP);
    home
}

/// Asks for a code; the message, with `…` in place of its code.
fn message(home: &Home, client: &mut Client, head: &str, body: &Value) -> (String, String) {
    let created = client.post_with(CREATE, head, body);
    assert_eq!(created.status, 200, "{head:?} {body}: {created:?}");
    let message = home.messages().pop().unwrap();
    assert_eq!(message["uuid"], created.body["uuid"]);
    let masked = text(&message["text"]).replace(&text(&message["code"]), "…");
    (text(&message["locale"]), masked)
}

#[test]
fn a_message_is_in_the_callers_language_though_the_answer_cannot_be() {
    let home = home();
    let server = home.start();
    let mut client = server.client();
    let receiver = json!({ "receiver": mobile(5_000_000) });

    let turkish = format!("{HOST}\r\nAccept-Language: de, tr-TR;q=0.9, en;q=0.5");
    let (language, text) = message(&home, &mut client, &turkish, &receiver);

    assert_eq!(language, "tr");
    let expected = "Tek seferlik kodunuz:\n…\n10 dk sonra sona erer. Kimseye vermeyin.\n\
                    @example.com #…";
    assert_eq!(text, expected);
}

#[test]
fn a_message_ends_with_the_hash_of_an_app_of_the_operators() {
    let home = home();
    let server = home.start();
    let mut client = server.client();
    let mut asked = |hash: Value| {
        let body = json!({ "receiver": mobile(5_000_001), "app_hash": hash });
        message(&home, &mut client, HOST, &body).1
    };

    assert!(asked(json!(APP)).ends_with(&format!("\n{APP}")));
    for other in [json!("AAAAAAAAAAA"), json!("x"), json!(null), json!([APP])] {
        let text = asked(other);
        assert!(text.ends_with("\n@example.com #…"), "{text}");
    }
}

#[test]
fn an_own_text_stands_over_the_shipped_one() {
    let mut home = Home::sqlite();
    let folder = home.folder.path().join("texts");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("de.txt"), "Acme: {code} ({minutes} min)").unwrap();
    home.set("PHONEKEY_MESSAGES__FOLDER", "texts");
    let server = home.start();

    let german = format!("{HOST}\r\nAccept-Language: de-AT");
    let receiver = json!({ "receiver": mobile(5_000_002) });
    let (language, text) = message(&home, &mut server.client(), &german, &receiver);

    assert_eq!(language, "de");
    assert_eq!(text, "Acme: … (10 min)");
}

/// SECURITY.md T24.
#[test]
fn t24_nothing_that_a_caller_says_gets_into_a_text() {
    let home = home();
    let server = home.start();
    let mut client = server.client();
    let receiver = mobile(5_000_003);
    let plain = json!({ "receiver": receiver });
    let (_, expected) = message(&home, &mut client, HOST, &plain);
    let evil = [
        "evil.example",
        "evil.example:443",
        "example.com@evil.example",
        "evil.example/#",
        "127.0.0.1",
        "[::1]",
        "xn--evl-hma.example",
        "a\tb",
        "{code}",
        "%0A@evil.example%20#1",
    ];
    let names = [
        "Forwarded",
        "Origin",
        "Referer",
        "User-Agent",
        "X-App-Name",
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Server",
        "X-Host",
        "X-HTTP-Host-Override",
        "X-Original-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Via",
        "Accept-Language",
    ];
    let fields = ["domain", "host", "text", "template", "minutes", "app_name"];

    let mut variants = 0;
    for evil in evil {
        let headers = names.map(|name| (format!("{HOST}\r\n{name}: {evil}"), plain.clone()));
        let bodies = fields.map(|field| {
            let mut body = plain.clone();
            body[field] = evil.into();
            (HOST.to_owned(), body)
        });
        for (head, body) in headers.into_iter().chain(bodies) {
            let (language, text) = message(&home, &mut client, &head, &body);

            assert_eq!(language, "fa", "{head:?} {body}");
            assert_eq!(text, expected, "{head:?} {body}");
            variants += 1;
        }
    }
    for host in ["evil.example", "evil.example:8443", "{code}", ""] {
        let head = format!("Host: {host}");
        let (_, text) = message(&home, &mut client, &head, &plain);

        assert_eq!(text, expected, "{host:?}");
        variants += 1;
    }
    assert!(variants >= 200);
}
