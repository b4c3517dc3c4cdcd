//! The listener over the loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use axum::routing::get;

use super::*;

/// A server with one place, whose clients are to be quick.
async fn start() -> SocketAddr {
    let app = Router::new()
        .route("/", get(async || "hello"))
        .route("/large", get(async || "x".repeat(64 * 1024)));
    let settings = ServerSettings {
        max_connections: 1,
        patience: Patience {
            idle: Duration::from_mins(10),
            head: Duration::from_mins(10),
            write: Duration::from_millis(100),
        },
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app, settings, CancellationToken::new()));
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_a_client_that_reads_no_answers_gives_its_place_back() {
    let address = start().await;
    let answer = tokio::task::spawn_blocking(move || {
        let mut deaf = TcpStream::connect(address).unwrap();
        // More than all buffers on the way hold.
        let requests = "GET /large HTTP/1.1\r\n\r\n".repeat(500);
        deaf.write_all(requests.as_bytes()).unwrap();

        let mut next = TcpStream::connect(address).unwrap();
        next.set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        next.read_to_string(&mut answer).map(|_| answer)
    });

    assert!(answer.await.unwrap().unwrap().ends_with("hello"));
}
