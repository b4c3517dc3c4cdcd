//! What can go wrong with one request.

use std::fmt;
use std::io;

/// A request that did not get a right answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An answer with a status other than 2xx, and the beginning of its body.
    Status(u16, String),
    /// A 2xx answer that is not of the form it must have.
    Malformed(String),
    /// No answer: refused, reset, cut short.
    Connection(String),
    /// No answer in time.
    TimedOut,
    /// The code of a challenge could not be read. The target may be blameless.
    NoCode(String),
}

impl Failure {
    pub(crate) fn status(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_BYTES)]);
        Self::Status(
            status,
            text.split_whitespace().collect::<Vec<_>>().join(" "),
        )
    }

    #[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
    pub(crate) fn code(error: anyhow::Error) -> Self {
        Self::NoCode(format!("{error:#}"))
    }

    /// The name under which failures are counted: the status or one word.
    pub(crate) fn class(&self) -> String {
        match self {
            Self::Status(status, _) => status.to_string(),
            Self::Malformed(_) => "malformed".to_owned(),
            Self::Connection(_) => "connection".to_owned(),
            Self::TimedOut => "timeout".to_owned(),
            Self::NoCode(_) => "no_code".to_owned(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::InvalidData => Self::Malformed(error.to_string()),
            _ => Self::Connection(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status, excerpt) => write!(f, "{status} {excerpt}"),
            Self::Malformed(what) => write!(f, "malformed answer: {what}"),
            Self::Connection(what) => write!(f, "no answer: {what}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::NoCode(what) => write!(f, "no code: {what}"),
        }
    }
}

const EXCERPT_BYTES: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_page_is_cut_to_one_line() {
        let page = format!("<html>\n  <body>{}", "é".repeat(500));

        let failure = Failure::status(500, page.as_bytes());

        assert!(failure.to_string().starts_with("500 <html> <body>éé"));
        assert!(failure.to_string().len() < 200);
        assert_eq!(failure.class(), "500");
    }
}
