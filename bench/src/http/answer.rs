//! Reads one HTTP/1.1 answer out of however many pieces it arrives in.

use std::io;
use std::ops::Range;

use httparse::{EMPTY_HEADER, Response, Status};

/// A whole answer.
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// The body, its transfer coding removed.
    pub(crate) body: &'a [u8],
}

/// Whether more bytes are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The answer is not whole yet.
    Partial,
    /// The answer is whole.
    Complete,
}

/// The bytes of one answer and how far they have been understood. Used again for the next one.
pub(crate) struct AnswerReader {
    buffer: Vec<u8>,
    filled: usize,
    /// What lies before it has been understood.
    read: usize,
    stage: Stage,
    status: u16,
    body: Range<usize>,
    keeps_alive: bool,
}

/// What the bytes at `read` are.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Head,
    /// A body of known length.
    Sized {
        end: usize,
    },
    ChunkSize,
    ChunkData {
        left_bytes: u64,
    },
    ChunkEnd,
    Trailers,
    /// A body that ends with the connection.
    UntilClose,
    Done,
}

impl AnswerReader {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; INITIAL_BYTES],
            filled: 0,
            read: 0,
            stage: Stage::Head,
            status: 0,
            body: 0..0,
            keeps_alive: false,
        }
    }

    /// Forgets the last answer.
    pub(crate) fn reset(&mut self) {
        self.filled = 0;
        self.read = 0;
        self.stage = Stage::Head;
        self.body = 0..0;
    }

    /// Where the next bytes go; never empty.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Understands as much as it can after `new_bytes` were put into [`Self::spare`].
    pub(crate) fn advance(&mut self, new_bytes: usize) -> io::Result<Progress> {
        self.filled += new_bytes;
        while self.step()? == Progress::Complete {
            if matches!(self.stage, Stage::Done) {
                return Ok(Progress::Complete);
            }
        }
        Ok(Progress::Partial)
    }

    /// The connection has ended. Right only for a body that ends with it.
    pub(crate) fn end(&mut self) -> io::Result<Progress> {
        match self.stage {
            Stage::UntilClose => {
                self.stage = Stage::Done;
                Ok(Progress::Complete)
            }
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                if self.filled == 0 {
                    "closed without an answer"
                } else {
                    "answer cut short"
                },
            )),
        }
    }

    /// The answer, once it is complete.
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            body: &self.buffer[self.body.clone()],
        }
    }

    /// Whether the connection may carry another request.
    pub(crate) fn is_reusable(&self) -> bool {
        self.keeps_alive && self.read == self.filled
    }

    /// Understands one element; `Partial` if its bytes have not all arrived.
    fn step(&mut self) -> io::Result<Progress> {
        let unread = &self.buffer[self.read..self.filled];
        match self.stage {
            Stage::Head => return self.read_head(),
            Stage::Sized { end } => {
                if self.filled < end {
                    return Ok(Progress::Partial);
                }
                self.body.end = end;
                self.read = end;
                self.stage = Stage::Done;
            }
            Stage::ChunkSize => match httparse::parse_chunk_size(unread) {
                Ok(Status::Complete((line_bytes, 0))) => {
                    self.read += line_bytes;
                    self.stage = Stage::Trailers;
                }
                Ok(Status::Complete((line_bytes, left_bytes))) => {
                    self.read += line_bytes;
                    self.stage = Stage::ChunkData { left_bytes };
                }
                Ok(Status::Partial) => return Ok(Progress::Partial),
                Err(_) => return Err(malformed("chunk size")),
            },
            Stage::ChunkData { left_bytes } => {
                let taken = usize::try_from(left_bytes)
                    .unwrap_or(usize::MAX)
                    .min(unread.len());
                self.buffer
                    .copy_within(self.read..self.read + taken, self.body.end);
                self.body.end += taken;
                self.read += taken;
                let left_bytes = left_bytes - taken as u64;
                if left_bytes > 0 {
                    self.stage = Stage::ChunkData { left_bytes };
                    return Ok(Progress::Partial);
                }
                self.stage = Stage::ChunkEnd;
            }
            Stage::ChunkEnd => match unread {
                [b'\r', b'\n', ..] => {
                    self.read += 2;
                    self.stage = Stage::ChunkSize;
                }
                [] | [b'\r'] => return Ok(Progress::Partial),
                _ => return Err(malformed("end of a chunk")),
            },
            Stage::Trailers => {
                match httparse::parse_headers(unread, &mut [EMPTY_HEADER; MAX_HEADERS]) {
                    Ok(Status::Complete((trailer_bytes, _))) => {
                        self.read += trailer_bytes;
                        self.stage = Stage::Done;
                    }
                    Ok(Status::Partial) => return Ok(Progress::Partial),
                    Err(_) => return Err(malformed("trailers")),
                }
            }
            Stage::UntilClose => {
                self.read = self.filled;
                self.body.end = self.filled;
                return Ok(Progress::Partial);
            }
            Stage::Done => {}
        }
        Ok(Progress::Complete)
    }

    fn read_head(&mut self) -> io::Result<Progress> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut head = Response::new(&mut headers);
        let head_bytes = match head.parse(&self.buffer[self.read..self.filled]) {
            Ok(Status::Complete(head_bytes)) => head_bytes,
            Ok(Status::Partial) if self.filled - self.read > MAX_HEAD_BYTES => {
                return Err(malformed("head: too long"));
            }
            Ok(Status::Partial) => return Ok(Progress::Partial),
            Err(_) => return Err(malformed("head")),
        };
        self.status = head.code.unwrap_or_default();
        self.keeps_alive = head.version == Some(1);
        let mut length = None;
        let mut is_chunked = false;
        for header in head.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                let value = str::from_utf8(header.value)
                    .ok()
                    .and_then(|v| v.trim().parse().ok());
                length = Some(value.ok_or_else(|| malformed("Content-Length"))?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                is_chunked = header.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            } else if header.name.eq_ignore_ascii_case("connection") {
                self.keeps_alive = !header.value.trim_ascii().eq_ignore_ascii_case(b"close");
            }
        }
        self.read += head_bytes;
        self.body = self.read..self.read;
        self.stage = match (self.status, length) {
            (100..200, _) => Stage::Head,
            (204 | 304, _) => Stage::Done,
            _ if is_chunked => Stage::ChunkSize,
            (_, Some(length)) => Stage::Sized {
                end: self.read.saturating_add(length),
            },
            (_, None) => {
                self.keeps_alive = false;
                Stage::UntilClose
            }
        };
        Ok(Progress::Complete)
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("malformed answer: {what}"),
    )
}

const INITIAL_BYTES: usize = 4096;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 48;

#[cfg(test)]
mod tests;
