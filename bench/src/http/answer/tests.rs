//! Each answer is fed whole and byte by byte.

use super::*;

/// Feeds `bytes` in pieces of `piece_bytes` and returns the reader once it is complete.
fn fed(bytes: &[u8], piece_bytes: usize) -> io::Result<AnswerReader> {
    let mut reader = AnswerReader::new();
    for mut piece in bytes.chunks(piece_bytes) {
        while !piece.is_empty() {
            let spare = reader.spare();
            let (taken, rest) = piece.split_at(piece.len().min(spare.len()));
            spare[..taken.len()].copy_from_slice(taken);
            reader.advance(taken.len())?;
            piece = rest;
        }
    }
    if !matches!(reader.stage, Stage::Done) {
        reader.end()?;
    }
    Ok(reader)
}

fn assert_reads(bytes: &[u8], status: u16, body: &[u8], is_reusable: bool) {
    for piece_bytes in [1, 2, 7, bytes.len()] {
        let reader = fed(bytes, piece_bytes).unwrap();

        assert_eq!(reader.answer().status, status, "in pieces of {piece_bytes}");
        assert_eq!(reader.answer().body, body, "in pieces of {piece_bytes}");
        assert_eq!(
            reader.is_reusable(),
            is_reusable,
            "in pieces of {piece_bytes}"
        );
    }
}

#[test]
fn a_body_ends_after_its_content_length() {
    assert_reads(
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        200,
        b"hello",
        true,
    );
    assert_reads(
        b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n",
        400,
        b"",
        true,
    );
}

#[test]
fn chunks_are_put_together() {
    assert_reads(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n",
        200,
        b"hello, world",
        true,
    );
}

#[test]
fn trailers_after_the_last_chunk_are_skipped() {
    assert_reads(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
        200,
        b"a",
        true,
    );
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    assert_reads(
        b"HTTP/1.1 500 No\r\nServer: x\r\n\r\nsorry",
        500,
        b"sorry",
        false,
    );
}

#[test]
fn a_connection_that_says_close_is_not_reused() {
    assert_reads(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
        200,
        b"a",
        false,
    );
}

#[test]
fn version_1_0_is_reused_only_when_it_says_so() {
    assert_reads(
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        200,
        b"a",
        false,
    );
    assert_reads(
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
        200,
        b"a",
        true,
    );
}

#[test]
fn an_interim_answer_is_skipped() {
    assert_reads(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        200,
        b"a",
        true,
    );
}

#[test]
fn no_content_has_no_body() {
    assert_reads(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", true);
}

#[test]
fn a_body_larger_than_the_buffer_is_read_whole() {
    let body = vec![b'x'; INITIAL_BYTES * 5];
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(&body);

    let reader = fed(&bytes, 1000).unwrap();

    assert_eq!(reader.answer().body, body);
}

#[test]
fn bytes_after_the_answer_forbid_reuse() {
    let reader = fed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", 100).unwrap();

    assert_eq!(reader.answer().body, b"a");
    assert!(!reader.is_reusable());
}

#[test]
fn the_next_answer_knows_nothing_of_the_last() {
    let mut reader = fed(
        b"HTTP/1.0 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        100,
    )
    .unwrap();
    let next = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";

    reader.reset();
    reader.spare()[..next.len()].copy_from_slice(next);
    let progress = reader.advance(next.len()).unwrap();

    assert_eq!(progress, Progress::Complete);
    assert_eq!(
        (reader.answer().status, reader.answer().body),
        (200, &b"b"[..])
    );
    assert!(reader.is_reusable());
}

#[test]
fn what_is_no_http_is_an_error() {
    for bytes in [
        &b"SSH-2.0-OpenSSH\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
        b"",
    ] {
        assert!(
            fed(bytes, 100).is_err(),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}
