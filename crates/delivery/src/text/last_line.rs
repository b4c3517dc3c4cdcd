//! The line by which a phone fills the code in: for a browser, which gives it to one site alone
//! (WICG, “Origin-bound one-time codes delivered via SMS”), or for an Android app.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use phonekey_core::{code::Code, delivery::message::AppHash};
use thiserror::Error;

/// The site whose pages browsers may fill a code in on: a host name, such as `example.com`.
///
/// It covers the site's other hosts as well: what counts is the registrable domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

impl Domain {
    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;

    /// Reads a host name in ASCII (RFC 1123 §2.1): browsers take no other.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|it| it.is_ascii_alphanumeric() || it == b'-')
        };
        let is_host = text.len() <= 253
            && text.split('.').all(is_label)
            && text.parse::<Ipv4Addr>().is_err()
            && (text.contains('.') || text == "localhost");
        if is_host {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        if text.is_ascii() {
            Err(InvalidDomain::NoHost)
        } else {
            Err(InvalidDomain::NotAscii)
        }
    }
}

/// A text that is no [`Domain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidDomain {
    /// Not a host name.
    #[error("is no host name; use one such as example.com, without https:// and without a path")]
    NoHost,
    /// A host name in another script.
    #[error("must be written in ASCII, as browsers send it (xn--…)")]
    NotAscii,
}

/// For whom the last line of a text message is.
#[derive(Clone, Copy, Debug)]
pub(super) enum LastLine<'a> {
    /// For browsers on a site.
    Site(&'a Domain),
    /// For an Android app: the message ends with its hash, so it has no line for browsers.
    App(AppHash),
}

impl LastLine<'_> {
    /// The line that ends the message that carries `code`.
    pub(super) fn write(self, code: &Code) -> String {
        match self {
            Self::Site(domain) => format!("@{domain} #{}", code.expose()),
            Self::App(hash) => hash.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_name() {
        for (text, name) in [
            ("example.com", "example.com"),
            ("Login.Example.COM", "login.example.com"),
            ("xn--mgba3a4f16a.ir", "xn--mgba3a4f16a.ir"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap().as_str(), name);
        }
        for text in [
            "",
            "example",
            "https://example.com",
            "example.com/",
            "example.com:443",
            "example.com.",
            ".example.com",
            "-a.example",
            "a_b.example",
            "a b.example",
            "example.com #1",
            "example.com\n",
            "127.0.0.1",
            "[::1]",
        ] {
            assert_eq!(
                text.parse::<Domain>(),
                Err(InvalidDomain::NoHost),
                "{text:?}"
            );
        }
        assert_eq!("ایران.ir".parse::<Domain>(), Err(InvalidDomain::NotAscii));
        let longest = format!("{}com", "a.".repeat(125));
        assert!(longest.parse::<Domain>().is_ok());
        assert!(format!("a.{longest}").parse::<Domain>().is_err());
    }
}
