//! One stream in memory, while time stands still or jumps.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::advance,
};

use super::*;

fn connection() -> (DuplexStream, Patient<DuplexStream>, Turn) {
    let (client, server) = duplex(1024);
    let patience = Patience {
        idle: Duration::from_mins(1),
        head: Duration::from_secs(10),
        write: Duration::from_secs(30),
    };
    let turn = Turn::default();
    (client, Patient::new(server, patience, turn.clone()), turn)
}

/// What a read comes to if the client keeps silent for so long.
async fn read_within(server: &mut Patient<DuplexStream>, wait: Duration) -> Option<io::ErrorKind> {
    let mut byte = [0; 64];
    let read = tokio::time::timeout(wait, server.read(&mut byte)).await;
    read.ok().and_then(Result::err).map(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_a_minute() {
    let (_client, mut server, _turn) = connection();

    assert_eq!(
        read_within(&mut server, Duration::from_secs(59)).await,
        None
    );
    assert_eq!(
        read_within(&mut server, Duration::from_secs(2)).await,
        Some(io::ErrorKind::TimedOut)
    );
}

#[tokio::test(start_paused = true)]
async fn t55_a_head_that_dribbles_is_cut_off_ten_seconds_after_its_first_byte() {
    let (mut client, mut server, _turn) = connection();
    advance(Duration::from_secs(50)).await;
    for _ in 0..9 {
        client.write_all(b"G").await.unwrap();
        assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);
        advance(Duration::from_secs(1)).await;
    }

    let verdict = read_within(&mut server, Duration::from_secs(2)).await;

    assert_eq!(verdict, Some(io::ErrorKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_its_time_and_the_next_request_too() {
    let (mut client, mut server, turn) = connection();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);
    let ours = turn.take();

    assert_eq!(
        read_within(&mut server, Duration::from_mins(10)).await,
        None
    );
    drop(ours);
    server
        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(
        read_within(&mut server, Duration::from_secs(59)).await,
        None
    );
    assert!(
        read_within(&mut server, Duration::from_secs(2))
            .await
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn empty_lines_are_no_head() {
    for empty in ["\r\n\r\n", "\n\n", "\r\n"] {
        let (mut client, mut server, _turn) = connection();
        client.write_all(empty.as_bytes()).await.unwrap();
        assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

        let verdict = read_within(&mut server, Duration::from_secs(11)).await;

        assert_eq!(verdict, Some(io::ErrorKind::TimedOut), "{empty:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_asked_for_may_come() {
    let (mut client, mut server, turn) = connection();
    client
        .write_all(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);
    let _ours = turn.take();
    server
        .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        .await
        .unwrap();
    client.write_all(b"{").await.unwrap();
    assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

    assert_eq!(read_within(&mut server, Duration::from_mins(2)).await, None);
}

#[tokio::test(start_paused = true)]
async fn t55_a_client_that_takes_nothing_is_given_up_after_half_a_minute() {
    let (_client, mut server, _turn) = connection();
    let answer = [b'x'; 1025];

    let early = tokio::time::timeout(Duration::from_secs(29), server.write_all(&answer)).await;
    let late = tokio::time::timeout(Duration::from_secs(2), server.write_all(&answer)).await;

    assert!(early.is_err(), "{early:?}");
    assert_eq!(late.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_a_little_may_be_slow() {
    let (mut client, mut server, _turn) = connection();
    server.write_all(&[b'x'; 1024]).await.unwrap();

    for _ in 0..10 {
        let write = tokio::time::timeout(Duration::from_secs(29), server.write_all(b"y")).await;
        assert!(write.is_err(), "there was room");
        client.read_u8().await.unwrap();
        server.write_all(b"y").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_awaited_of_a_client_that_has_not_got_its_answer() {
    let (mut client, mut server, _turn) = connection();
    let answer = [b'x'; 1025];
    let write = tokio::time::timeout(Duration::from_secs(1), server.write_all(&answer)).await;
    assert!(write.is_err(), "there was room");
    client.write_all(b"G").await.unwrap();
    assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

    let verdict = read_within(&mut server, Duration::from_secs(15)).await;

    assert_eq!(verdict, None);
}
