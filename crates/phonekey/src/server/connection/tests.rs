//! Whole connections over streams in memory, while time stands still or jumps.

use std::{
    future::pending,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, routing::get};
use hyper::body::{Bytes, Frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{Interval, interval, timeout},
};

use super::*;

const QUICK: &str = "GET /quick HTTP/1.1\r\n\r\n";
const SLOW: &str = "GET /slow HTTP/1.1\r\n\r\n";

/// The client's end of a connection; what it holds on the way is little.
fn connect() -> DuplexStream {
    let app = Router::new()
        .route("/quick", get(async || "quick"))
        .route("/slow", get(async || wait(Duration::from_mins(2)).await))
        .route("/large", get(async || "x".repeat(LARGE_BYTES)))
        .route("/ticks", get(async || Body::new(Ticks::new())));
    let patience = Patience {
        idle: Duration::from_mins(1),
        head: Duration::from_secs(10),
        write: Duration::from_secs(30),
    };
    let (client, server) = duplex(8 * 1024);
    let connection = Host::new(app, patience).connection(server, ([127, 0, 0, 1], 9).into());
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client
}

const LARGE_BYTES: usize = 64 * 1024;

/// An event every 15 s, for ten minutes.
struct Ticks {
    timer: Interval,
    left: u8,
}

impl Ticks {
    fn new() -> Self {
        Self {
            timer: interval(Duration::from_secs(15)),
            left: 40,
        }
    }
}

impl hyper::body::Body for Ticks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.timer.poll_tick(context));
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: x\n\n")))))
    }
}

async fn wait(duration: Duration) {
    let _ = timeout(duration, pending::<()>()).await;
}

/// Everything that comes until the server closes, which it does not without a reason.
async fn rest_of(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    let read = timeout(Duration::from_hours(1), client.read_to_string(&mut text)).await;
    read.expect("the connection is closed").unwrap();
    text
}

/// One answer without a body of many reads.
async fn answer(client: &mut DuplexStream) -> String {
    let mut bytes = [0; 1024];
    let count = timeout(Duration::from_hours(1), client.read(&mut bytes)).await;
    String::from_utf8_lossy(&bytes[..count.unwrap().unwrap()]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_request_behind_another_may_take_its_time() {
    let mut client = connect();
    let both = format!("{QUICK}{SLOW}");

    client.write_all(both.as_bytes()).await.unwrap();

    assert_eq!(rest_of(&mut client).await.matches("200 OK").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_began_behind_another_request_has_its_time_from_the_answer_on() {
    let mut client = connect();
    let (began, rest) = QUICK.split_at(9);
    client
        .write_all(format!("{SLOW}{began}").as_bytes())
        .await
        .unwrap();
    assert!(answer(&mut client).await.contains("200 OK"));

    wait(Duration::from_secs(30)).await;
    client.write_all(rest.as_bytes()).await.unwrap();

    assert!(answer(&mut client).await.contains("quick"));
}

#[tokio::test(start_paused = true)]
async fn t55_a_head_that_began_behind_another_request_has_not_for_ever() {
    let mut client = connect();
    let began = &QUICK[..9];
    client
        .write_all(format!("{QUICK}{began}").as_bytes())
        .await
        .unwrap();
    assert!(answer(&mut client).await.contains("quick"));

    assert_eq!(rest_of(&mut client).await, "");
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_read_slowly() {
    let mut client = connect();
    client
        .write_all(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();

    let mut read = 0;
    loop {
        wait(Duration::from_secs(20)).await;
        let mut bytes = [0; 4 * 1024];
        match client.read(&mut bytes).await.unwrap() {
            0 => break,
            count => read += count,
        }
    }

    assert!(read > LARGE_BYTES, "{read}");
}

#[tokio::test(start_paused = true)]
async fn t55_an_answer_that_nobody_reads_ends_the_connection() {
    let mut client = connect();
    client
        .write_all(b"GET /large HTTP/1.1\r\n\r\n")
        .await
        .unwrap();

    wait(Duration::from_secs(31)).await;

    assert!(rest_of(&mut client).await.len() < LARGE_BYTES);
}

#[tokio::test(start_paused = true)]
async fn events_may_come_seldom_and_for_long() {
    let mut client = connect();
    client
        .write_all(b"GET /ticks HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();

    assert_eq!(rest_of(&mut client).await.matches("data: x").count(), 40);
}
