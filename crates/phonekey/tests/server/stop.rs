//! How the server stops: in time, whatever is under way, and at once when it is told twice.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

use crate::support::{CREATE, Home, mobile};
use serde_json::{Value, json};

#[test]
fn messages_under_way_are_cut_off_at_the_deadline_and_taken_up_after_the_next_start() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut home = home_with_webhook(&silent);
    home.set("PHONEKEY_HTTP__SHUTDOWN_DEADLINE", "0s");
    let mut server = home.start();
    let created = server
        .client()
        .post(CREATE, &json!({ "receiver": mobile(1) }));
    assert_eq!(created.status, 200, "{created:?}");

    assert_eq!(server.stop(), Some(0));
    server.wait_for_log("stopped at the deadline");

    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}/", listening.local_addr().unwrap());
    let _server = home
        .set("PHONEKEY_DELIVERY__WEBHOOK__URL", &webhook)
        .start();
    assert_eq!(next_message(&listening)["phone"], "+989120000001");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let mut home = Home::sqlite();
    home.set("PHONEKEY_HTTP__SHUTDOWN_DEADLINE", "10m")
        .set("PHONEKEY_HTTP__BODY_TIMEOUT", "5m");
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let mut server = home.start();
        let mut client = server.client();
        let head = format!("POST {CREATE} HTTP/1.1\r\nHost: test\r\nContent-Length: 9");
        let under_way = client.status_of(&format!("{head}\r\nExpect: 100-continue\r\n\r\n"));
        assert_eq!(under_way, Some(100));

        server.signal(first);
        server.wait_for_log("stopping");
        server.signal(second);

        assert_eq!(server.exit_code(), Some(1), "{first}, {second}");
        server.wait_for_log("told again to stop");
    }
}

/// A home whose messages go to a webhook.
fn home_with_webhook(listener: &TcpListener) -> Home {
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut home = Home::sqlite();
    home.set("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "webhook")
        .set("PHONEKEY_DELIVERY__WEBHOOK__URL", &url)
        .set(
            "PHONEKEY_DELIVERY__WEBHOOK__SECRETS",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        )
        .set("PHONEKEY_DELIVERY__DEADLINE", "100ms")
        .set("PHONEKEY_DELIVERY__LEASE", "6s");
    home
}

/// The next message that comes to a webhook, which takes it.
fn next_message(listener: &TcpListener) -> Value {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    reader.get_mut().write_all(answer).unwrap();
    serde_json::from_slice(&body).unwrap()
}
