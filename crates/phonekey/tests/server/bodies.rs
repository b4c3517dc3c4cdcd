//! Whoever sends a body to where nobody reads it hears the answer, and may go on.

use crate::support::{CREATE, Home, VERIFY, mobile};
use serde_json::json;

/// More than the buffers on the way hold, so that it is still being sent when it is answered.
const BODY_BYTES: usize = 900 * 1024;

#[test]
fn a_body_that_nobody_reads_costs_nobody_the_answer() {
    let home = Home::sqlite();
    let server = home.start();
    let body = "x".repeat(BODY_BYTES);
    for (method, path, accept, status) in [
        ("POST", "/no/such/path", "*/*", 404),
        ("PUT", CREATE, "*/*", 405),
        ("POST", CREATE.trim_end_matches('/'), "*/*", 308),
        ("POST", VERIFY, "text/csv", 406),
        ("POST", CREATE, "*/*", 413),
        ("GET", "/health/live", "*/*", 200),
    ] {
        let mut client = server.client();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nAccept: {accept}");

        let answer = client.send(&head, &body).expect("the server answers");
        let next = client.try_post(CREATE, &json!({ "receiver": mobile(status.into()) }));

        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(
            next.expect("the connection stays").status,
            200,
            "{method} {path}"
        );
    }
}

#[test]
fn a_body_that_is_too_large_to_throw_away_ends_the_connection() {
    let home = Home::sqlite();
    let server = home.start();
    let mut client = server.client();
    let head = "POST /no/such/path HTTP/1.1\r\nHost: test";

    let answer = client.head_alone(&format!("{head}\r\nContent-Length: 9999999"));

    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.headers["connection"], "close");
}

#[test]
fn a_body_that_would_be_refused_is_not_asked_for() {
    let home = Home::sqlite();
    let server = home.start();
    let mut client = server.client();
    let head = "PUT /api/auth/otp/create/ HTTP/1.1\r\nHost: test\r\nContent-Length: 9";

    let answer = client.head_alone(&format!("{head}\r\nExpect: 100-continue"));

    assert_eq!(answer.status, 405, "{answer:?}");
    assert_eq!(answer.headers["connection"], "close");
}
