//! Messages in a file, one JSON line each: `{"uuid","to","code","text","channel","locale"}`. For
//! development, benchmarks and outside tests.
//!
//! One thread owns the file. It drains the queue of waiting messages, appends their lines by one
//! write and only then answers them all, so thousands of sends a second cost a few writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{Receipt, SendOutcome, SendRefusal},
    },
    id::ChallengeId,
    ports::delivery::MessageSender,
    time::Clock,
};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::{settings::FileSettings, text::Texts};

/// The provider's name.
pub const NAME: &str = "file";

/// Appends each message to a file.
pub struct FileSender {
    queue: mpsc::Sender<Entry>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl FileSender {
    /// Opens the file, or creates it for its owner alone (mode 0600), and starts its thread, which
    /// ends with this sender.
    pub fn open(settings: &FileSettings, texts: Texts, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let mut file = MessageFile::open(settings.path.clone())?;
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("phonekey-file".to_owned())
            .spawn(move || {
                let mut batch = Vec::new();
                while waiting.blocking_recv_many(&mut batch, QUEUE) > 0 {
                    file.append(&mut batch);
                }
            })?;
        Ok(Self {
            queue,
            texts,
            clock,
        })
    }

    fn line(&self, message: &Message) -> serde_json::Result<Vec<u8>> {
        let line = Line {
            uuid: message.delivery.challenge,
            to: &message.to.e164(),
            code: message.code.expose(),
            text: &self.texts.of_message(message, self.clock.now()),
            channel: message.channel.name(),
            locale: &message.language,
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Messages that may wait for the thread, and the most that it writes at once.
const QUEUE: usize = 1024;

#[async_trait]
impl MessageSender for FileSender {
    async fn send(&self, message: &Message) -> SendOutcome {
        let Ok(line) = self.line(message) else {
            return SendOutcome::Refused(SendRefusal::RejectedContent);
        };
        let (written, answer) = oneshot::channel();
        if self.queue.send(Entry { line, written }).await.is_err() {
            return SendOutcome::Refused(SendRefusal::Temporary);
        }
        answer.await.unwrap_or(SendOutcome::Unknown)
    }
}

/// A message as the file has it.
#[derive(Serialize)]
struct Line<'a> {
    uuid: ChallengeId,
    to: &'a str,
    code: &'a str,
    text: &'a str,
    channel: &'a str,
    locale: &'a str,
}

/// A line that waits to be written, and who waits for that.
struct Entry {
    line: Vec<u8>,
    written: oneshot::Sender<SendOutcome>,
}

/// The file at a path, whichever file that is at the time.
struct MessageFile {
    path: PathBuf,
    lines: LineWriter<File>,
}

impl MessageFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let lines = LineWriter::new(open(&path)?);
        Ok(Self { path, lines })
    }

    /// Appends the batch and answers it; leaves it empty.
    fn append(&mut self, batch: &mut Vec<Entry>) {
        let lines = batch.iter().map(|entry| entry.line.as_slice());
        let (whole_lines, failure) = match self.reopen_if_gone() {
            Ok(()) => self.lines.append(lines),
            Err(error) => (0, Some(error)),
        };
        if let Some(error) = failure {
            error!(
                path = %self.path.display(),
                error = &error as &dyn std::error::Error,
                "the message file takes no lines"
            );
        }
        for (index, entry) in batch.drain(..).enumerate() {
            let outcome = if index < whole_lines {
                SendOutcome::Accepted(Receipt::default())
            } else {
                SendOutcome::Refused(SendRefusal::Temporary)
            };
            // Who stopped waiting needs no answer.
            let _ = entry.written.send(outcome);
        }
    }

    /// Opens the path again when it is no longer the open file's: removed, or rotated away.
    fn reopen_if_gone(&mut self) -> io::Result<()> {
        let open_file = self.lines.to.metadata()?;
        let still_there = match fs::metadata(&self.path) {
            Ok(there) => (there.dev(), there.ino()) == (open_file.dev(), open_file.ino()),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !still_there {
            self.lines = LineWriter::new(open(&self.path)?);
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Appends whole lines, many by one write.
struct LineWriter<W> {
    to: W,
    buffer: Vec<u8>,
    /// Whether a failed write left part of a line, which the next one must not lengthen.
    torn: bool,
}

impl<W: Write> LineWriter<W> {
    const fn new(to: W) -> Self {
        Self {
            to,
            buffer: Vec::new(),
            torn: false,
        }
    }

    /// Writes these lines; tells how many were written whole, and why not all.
    fn append<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) -> (usize, Option<io::Error>) {
        self.buffer.clear();
        if self.torn {
            self.buffer.push(b'\n');
        }
        let mut ends = Vec::new();
        for line in lines {
            self.buffer.extend_from_slice(line);
            ends.push(self.buffer.len());
        }
        let mut written = 0;
        let failure = loop {
            match self.to.write(&self.buffer[written..]) {
                Ok(0) if written < self.buffer.len() => break Some(ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
            if written == self.buffer.len() {
                break None;
            }
        };
        if let Some(last) = written.checked_sub(1) {
            self.torn = self.buffer[last] != b'\n';
        }
        let whole_lines = ends.iter().take_while(|end| **end <= written).count();
        (whole_lines, failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, by pieces of at most three, and then no more.
    struct Tight {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Tight {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(3).min(self.room);
            self.room -= taken;
            self.taken.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other() {
        let mut lines = LineWriter::new(Tight {
            room: 8,
            taken: Vec::new(),
        });

        let (whole, failure) =
            lines.append([b"one\n", b"two\n", b"six\n"].map(|l| &l[..]).into_iter());
        assert_eq!(whole, 2);
        assert_eq!(failure.unwrap().kind(), ErrorKind::StorageFull);

        lines.to.room = 2;
        let (whole, _) = lines.append(std::iter::once(&b"six\n"[..]));
        assert_eq!(whole, 0);

        lines.to.room = 100;
        let (whole, failure) = lines.append(std::iter::once(&b"six\n"[..]));
        assert_eq!(whole, 1);
        assert!(failure.is_none());
        assert_eq!(lines.to.taken, b"one\ntwo\nsi\nsix\n");
    }
}
