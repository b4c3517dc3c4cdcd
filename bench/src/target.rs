//! The server under test, as its address is given on the command line.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

/// `http://HOST[:PORT][/PREFIX]`. Without TLS: its cost would be the generator's as much as the
/// server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetUrl {
    /// Host and, if given, port: what the `Host` header says.
    pub(crate) authority: String,
    /// What stands before `/api/…`; empty, or beginning with a slash and not ending with one.
    pub(crate) prefix: String,
}

impl TargetUrl {
    /// Looks the host up, once for a whole run.
    pub(crate) async fn resolve(&self) -> Result<SocketAddr> {
        let with_port = if has_port(&self.authority) {
            self.authority.clone()
        } else {
            format!("{}:80", self.authority)
        };
        tokio::net::lookup_host(&with_port)
            .await
            .with_context(|| format!("cannot look up {with_port}"))?
            .next()
            .with_context(|| format!("{with_port} has no address"))
    }
}

impl FromStr for TargetUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let rest = text
            .strip_prefix("http://")
            .context("a target begins with http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        ensure!(!authority.is_empty(), "a target has a host after http://");
        ensure!(
            !path.contains(['?', '#', ' ']),
            "a target is host, port and path only"
        );
        Ok(Self {
            authority: authority.to_owned(),
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

fn has_port(authority: &str) -> bool {
    authority
        .rsplit(':')
        .next()
        .is_some_and(|port| port.parse::<u16>().is_ok())
        && (!authority.starts_with('[') || authority.contains("]:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_split_into_authority_and_prefix() {
        let target: TargetUrl = "http://127.0.0.1:8000/auth/".parse().unwrap();

        assert_eq!(target.authority, "127.0.0.1:8000");
        assert_eq!(target.prefix, "/auth");
        assert_eq!(target.to_string(), "http://127.0.0.1:8000/auth");
    }

    #[test]
    fn a_final_slash_is_no_prefix() {
        let target: TargetUrl = "http://localhost/".parse().unwrap();

        assert_eq!(target.prefix, "");
    }

    #[test]
    fn a_target_without_scheme_or_host_is_refused() {
        for text in [
            "127.0.0.1:8000",
            "https://127.0.0.1",
            "http://",
            "http:///x",
            "http://a/?b",
        ] {
            assert!(text.parse::<TargetUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_is_told_from_the_groups_of_an_ipv6_address() {
        for (authority, expected) in [
            ("a:80", true),
            ("a", false),
            ("[::1]:80", true),
            ("[::1]", false),
            ("[::80]", false),
        ] {
            assert_eq!(has_port(authority), expected, "{authority}");
        }
    }
}
