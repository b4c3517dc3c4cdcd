//! No code, token, key or whole number in a log, however much is logged and whatever fails
//! (SECURITY.md T46). What a panic tells is looked at in `web/tests/panics.rs`.

use std::net::TcpListener;

use crate::{
    proxy::Proxy,
    support::{CREATE, Client, Home, REFRESH, Server, VERIFY, mobile, text},
};
use serde_json::{Value, json};

#[test]
fn t46_nothing_secret_reaches_the_log_of_a_server_that_is_well_and_then_is_not() {
    for format in ["human", "json"] {
        let home = telling_all(Home::sqlite(), format);
        let mut server = home.start();
        let mut client = server.client();
        let mut canaries = Canaries::of(&home);
        let tokens = canaries.fly(&home, &mut client);
        let waiting = canaries.challenge(&home, &mut client, &mobile(4_000_100));

        server.limit_file_size("1");
        meet_a_fault(&mut client, &waiting, &tokens);
        server.limit_file_size("unlimited");

        canaries.assert_none_in_the_log_of(&mut server, format, "request failed");
    }
}

#[test]
fn t46_nothing_secret_reaches_the_log_when_the_database_goes_away() {
    for format in ["human", "json"] {
        let Some(home) = Home::postgres() else {
            return;
        };
        let mut home = telling_all(home, format);
        let proxy = Proxy::before(&mut home);
        let url = home.variable("PHONEKEY_DATABASE__URL");
        let url = url.replace("postgres@", "postgres:pa55phrase@");
        home.set("PHONEKEY_DATABASE__URL", &url);
        let mut server = home.start();
        let mut client = server.client();
        let mut canaries = Canaries::of(&home);
        canaries.add("pa55phrase");
        let tokens = canaries.fly(&home, &mut client);
        let waiting = canaries.challenge(&home, &mut client, &mobile(4_000_100));

        proxy.cut();
        meet_a_fault(&mut client, &waiting, &tokens);

        canaries.assert_none_in_the_log_of(&mut server, format, "request failed");
    }
}

#[test]
fn t46_nothing_secret_reaches_the_log_when_no_provider_answers() {
    for format in ["human", "json"] {
        let mut home = telling_all(Home::sqlite(), format);
        // Taken by nobody once the listener is gone.
        let closed = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
        let url = format!("http://{}/path-k3y?key=query-k3y", closed.unwrap());
        home.set("PHONEKEY_DELIVERY__WEBHOOK__URL", &url)
            .set("PHONEKEY_DELIVERY__WEBHOOK__SECRETS", WEBHOOK_SECRET)
            .set("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "webhook");
        let mut server = home.start();
        let mut client = server.client();
        let mut canaries = Canaries::of(&home);
        canaries.add("path-k3y").add("query-k3y");
        canaries.add(WEBHOOK_SECRET.trim_start_matches("whsec_"));

        for number in 0..5 {
            let receiver = canaries.number(&mobile(4_000_200 + number));
            let created = client.post(CREATE, &json!({ "receiver": receiver }));
            created.assert_unavailable(CREATE);
        }

        canaries.assert_none_in_the_log_of(&mut server, format, "message refused");
    }
}

const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Logs all that there is, and has codes of ten digits: a shorter one stands in many a log by chance.
fn telling_all(mut home: Home, format: &str) -> Home {
    home.set("PHONEKEY_LOG__LEVEL", "trace")
        .set("PHONEKEY_LOG__FORMAT", format)
        .set("PHONEKEY_CHALLENGE__CODE_LENGTH", "10");
    home
}

/// What must not be found.
struct Canaries(Vec<String>);

impl Canaries {
    fn of(home: &Home) -> Self {
        Self(vec![home.variable("PHONEKEY_SECRET")])
    }

    fn add(&mut self, secret: &str) -> &mut Self {
        self.0.push(secret.to_owned());
        self
    }

    /// The number, in Latin and in Persian digits, with or without what stands before it.
    fn number(&mut self, mobile: &str) -> String {
        let national = mobile.trim_start_matches('0');
        self.add(national).add(&in_persian(national));
        mobile.to_owned()
    }

    fn code(&mut self, code: &str) {
        self.add(code).add(&in_persian(code));
    }

    /// The parts that are a token's own: what it says, and its signature.
    fn token(&mut self, token: &Value) {
        for part in text(token).split('.').skip(1) {
            self.add(part);
        }
    }

    fn challenge(&mut self, home: &Home, client: &mut Client, mobile: &str) -> Value {
        let receiver = self.number(mobile);
        let answer = client.challenge(home, &receiver);
        self.code(&text(&answer["code"]));
        answer
    }

    /// Twenty people log in and do all that people do wrong; the tokens of the last.
    fn fly(&mut self, home: &Home, client: &mut Client) -> Value {
        let mut tokens = Value::Null;
        for number in 0..20 {
            let receiver = mobile(4_000_000 + number);
            let mut answer = self.challenge(home, client, &receiver);
            let right = text(&answer["code"]);
            self.code("9876543210");
            answer["code"] = json!("9876543210");
            assert_eq!(client.post(VERIFY, &answer).status, 400);
            answer["code"] = json!(in_persian(&right));
            tokens = client.post(VERIFY, &answer).body;
            assert_eq!(client.post(VERIFY, &answer).status, 400);
            self.scatter(client, &receiver, &right, &tokens);
            let renewed = client.post(REFRESH, &json!({ "refresh": tokens["refresh"] }));
            assert_eq!(renewed.status, 200, "{renewed:?}");
            tokens = renewed.body;
            for token in [&tokens["access"], &tokens["refresh"]] {
                self.token(token);
            }
        }
        tokens
    }

    /// Secrets where no server expects them.
    fn scatter(&mut self, client: &mut Client, mobile: &str, code: &str, tokens: &Value) {
        for token in [&tokens["access"], &tokens["refresh"]] {
            self.token(token);
        }
        let (access, refresh) = (text(&tokens["access"]), text(&tokens["refresh"]));
        client.post(CREATE, &json!({ "receiver": format!("{mobile}9") }));
        client.post(
            CREATE,
            &json!({ "receiver": in_persian(mobile), "extra": code }),
        );
        client.post(
            VERIFY,
            &json!({ "uuid": refresh, "receiver": code, "code": mobile }),
        );
        client.post(REFRESH, &json!({ "refresh": format!("{refresh}x") }));
        client.post(REFRESH, &json!({ "refresh": access }));
        client.get(&format!(
            "/unknown/{mobile}/{refresh}?receiver={mobile}&code={code}"
        ));
        client.get(&format!("{CREATE}?receiver={mobile}&format={code}"));
        let heads = [
            format!("POST {CREATE} HTTP/1.1\r\nAuthorization: Token {access}"),
            format!("POST {CREATE} HTTP/1.1\r\nAuthorization: Token {refresh}"),
            format!("POST {VERIFY} HTTP/1.1\r\nContent-Type: text/{code}\r\nCookie: t={access}"),
            format!("POST {VERIFY} HTTP/1.1\r\nContent-Type: application/json"),
            format!("{code} /{mobile} HTTP/1.1\r\nUser-Agent: {refresh}"),
        ];
        for head in heads {
            let broken = format!(r#"{{"receiver": "{mobile}", "code": {code}"#);
            client.send(&head, &broken).unwrap();
        }
    }

    /// Stops the server and looks. `happened` is in the log, or the test looked at nothing.
    fn assert_none_in_the_log_of(&self, server: &mut Server, format: &str, happened: &str) {
        server.stop();
        let log = server.log();
        assert!(
            log.iter().any(|line| line.contains(happened)),
            "{format}: no `{happened}` in\n{}",
            log.join("\n")
        );
        if format == "json" {
            let is_json = |line: &&String| serde_json::from_str::<Value>(line).is_ok();
            let other = log.iter().find(|line| !is_json(line));
            assert_eq!(other, None);
        }
        for secret in &self.0 {
            assert!(secret.len() > 6, "too short to be looked for: {secret}");
            let leak = log.iter().find(|line| line.contains(secret));
            assert_eq!(leak, None, "{format}: {secret}");
        }
    }
}

fn meet_a_fault(client: &mut Client, waiting: &Value, tokens: &Value) {
    for (path, body) in [
        (CREATE, &json!({ "receiver": waiting["receiver"] })),
        (VERIFY, waiting),
        (REFRESH, &json!({ "refresh": tokens["refresh"] })),
    ] {
        client.post(path, body).assert_unavailable(path);
    }
}

fn in_persian(digits: &str) -> String {
    let persian = |digit: char| {
        let value = digit.to_digit(10);
        value.and_then(|value| char::from_u32('۰' as u32 + value))
    };
    digits
        .chars()
        .map(|digit| persian(digit).unwrap_or(digit))
        .collect()
}
