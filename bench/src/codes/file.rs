//! Follows the file into which the target's `file` sender writes its messages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use uuid::Uuid;

/// The lines of a growing file, read once each.
pub(crate) struct FileTail {
    path: PathBuf,
    offset: u64,
    /// The beginning of a line whose end is not written yet.
    unfinished: Vec<u8>,
    codes: HashMap<Uuid, String>,
}

impl FileTail {
    /// Follows the file from its present end: earlier messages are of earlier runs.
    pub(crate) fn at_end(path: &Path) -> Result<Self> {
        let offset = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            offset,
            unfinished: Vec::new(),
            codes: HashMap::new(),
        })
    }

    /// The challenge's code, if its message has been written. Reads on only when it must.
    pub(crate) fn take(&mut self, challenge: Uuid) -> Result<Option<String>> {
        if let Some(code) = self.codes.remove(&challenge) {
            return Ok(Some(code));
        }
        self.read_on()
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(self.codes.remove(&challenge))
    }

    fn read_on(&mut self) -> Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.len() < self.offset {
            self.offset = 0;
            self.unfinished.clear();
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let read_bytes = file.read_to_end(&mut self.unfinished)?;
        self.offset += read_bytes as u64;

        let Some(last_newline) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(());
        };
        for line in self.unfinished[..last_newline].split(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let message: Message<'_> =
                serde_json::from_slice(line).context("a line is no message with uuid and code")?;
            let challenge = Uuid::try_parse(&message.uuid).context("a line's uuid is none")?;
            self.codes.insert(challenge, message.code.into_owned());
        }
        self.unfinished.drain(..=last_newline);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    uuid: Cow<'a, str>,
    #[serde(borrow)]
    code: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    struct Outbox {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Outbox {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("outbox.jsonl");
            Self {
                _folder: folder,
                path,
            }
        }

        fn append(&self, text: &str) {
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(&self.path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
    }

    fn line(challenge: u128, code: &str) -> String {
        format!(
            "{{\"uuid\":\"{}\",\"to\":\"+989121234567\",\"code\":\"{code}\",\"text\":\"\\u06a9\"}}\n",
            Uuid::from_u128(challenge)
        )
    }

    #[test]
    fn a_message_written_after_the_start_is_found() {
        let outbox = Outbox::new();
        let mut tail = FileTail::at_end(&outbox.path).unwrap();

        outbox.append(&line(1, "00001"));
        outbox.append(&line(2, "00002"));

        assert_eq!(
            tail.take(Uuid::from_u128(2)).unwrap().as_deref(),
            Some("00002")
        );
        assert_eq!(
            tail.take(Uuid::from_u128(1)).unwrap().as_deref(),
            Some("00001")
        );
        assert_eq!(tail.take(Uuid::from_u128(3)).unwrap(), None);
    }

    #[test]
    fn messages_of_earlier_runs_are_not_read() {
        let outbox = Outbox::new();
        outbox.append(&line(1, "00001"));

        let mut tail = FileTail::at_end(&outbox.path).unwrap();

        assert_eq!(tail.take(Uuid::from_u128(1)).unwrap(), None);
    }

    #[test]
    fn a_line_half_written_is_read_when_it_is_whole() {
        let outbox = Outbox::new();
        let mut tail = FileTail::at_end(&outbox.path).unwrap();
        let line = line(1, "00001");
        let (begin, end) = line.split_at(30);

        outbox.append(begin);
        assert_eq!(tail.take(Uuid::from_u128(1)).unwrap(), None);

        outbox.append(end);
        assert_eq!(
            tail.take(Uuid::from_u128(1)).unwrap().as_deref(),
            Some("00001")
        );
    }

    #[test]
    fn a_file_begun_anew_is_read_from_its_start() {
        let outbox = Outbox::new();
        outbox.append(&line(1, "00001").repeat(3));
        let mut tail = FileTail::at_end(&outbox.path).unwrap();

        std::fs::remove_file(&outbox.path).unwrap();
        outbox.append(&line(2, "00002"));

        assert_eq!(
            tail.take(Uuid::from_u128(2)).unwrap().as_deref(),
            Some("00002")
        );
    }
}
