//! Where a provider's requests go: over TLS, or to this machine.

use std::{fmt, net::IpAddr};

use reqwest::Url;
use thiserror::Error;

/// Reads `https://…`, and `http://…` for `localhost` and loopback addresses alone: requests carry
/// codes and keys.
///
/// # Errors
/// [`InvalidEndpoint`], which does not repeat the text: it may hold a key.
pub fn parse(text: &str) -> Result<Url, InvalidEndpoint> {
    let url = Url::parse(text).map_err(|_| InvalidEndpoint::NoUrl)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        "http" => Err(InvalidEndpoint::NotEncrypted),
        _ => Err(InvalidEndpoint::NoUrl),
    }
}

/// The URL that a provider's paths are appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads what [`parse`] reads, with nothing but a path.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = parse(text)?;
        let is_more = !url.username().is_empty() || url.password().is_some();
        if is_more || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidEndpoint::NoBase);
        }
        Ok(Self(url))
    }

    /// The URL of a path below it; `/` in between is not said.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/');
        url.set_path(&format!("{base}/{path}"));
        url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// A text that requests cannot go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidEndpoint {
    /// Not an HTTP URL.
    #[error("not a URL; use https://host/path")]
    NoUrl,
    /// Codes would cross the network unencrypted.
    #[error("codes would cross the network unencrypted; use https:// (http:// is for loopback)")]
    NotEncrypted,
    /// A provider's paths cannot be appended to it.
    #[error("a path is appended to it, so it takes no user, password, query or fragment")]
    NoBase,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_leave_this_machine_encrypted() {
        for sound in [
            "https://sms.example/send?key=1",
            "https://10.0.0.7/",
            "http://127.0.0.1:9000/sms",
            "http://127.1/sms",
            "http://[::1]:9000/sms",
            "http://localhost:9000/sms",
        ] {
            assert!(parse(sound).is_ok(), "{sound}");
        }
        for open in [
            "http://sms.example/send",
            "http://10.0.0.7/",
            "http://[::2]/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://127.0.0.1@sms.example/",
        ] {
            assert_eq!(parse(open), Err(InvalidEndpoint::NotEncrypted), "{open}");
        }
        for none in [
            "",
            "sms.example",
            "ftp://sms.example/",
            "file:///etc/passwd",
        ] {
            assert_eq!(parse(none), Err(InvalidEndpoint::NoUrl), "{none}");
        }
    }

    #[test]
    fn paths_are_appended_to_a_base() {
        let joined = |base| BaseUrl::parse(base).map(|url| url.join("v2/send").to_string());

        for (base, whole) in [
            ("https://a.example", "https://a.example/v2/send"),
            ("https://a.example/sms", "https://a.example/sms/v2/send"),
            ("https://a.example/sms/", "https://a.example/sms/v2/send"),
        ] {
            assert_eq!(joined(base).unwrap(), whole);
        }
        for odd in [
            "https://a.example/?key=1",
            "https://a.example/#x",
            "https://user@a.example/",
            "https://:pass@a.example/",
        ] {
            assert_eq!(joined(odd), Err(InvalidEndpoint::NoBase), "{odd}");
        }
    }
}
