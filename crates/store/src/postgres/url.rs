//! What a `postgres://` URL asks for, and what we ask for where it says nothing.

use std::{path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;
use thiserror::Error;
use tokio_postgres::{Config, config::SslMode};

use super::tls::Trust;

/// A server, and how to reach it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Where it is, who we are, how patient we are.
    pub(super) config: Config,
    /// Whom we take for it, where the connection is encrypted.
    pub(super) trust: Trust,
}

impl Target {
    /// Reads the URL. `sslmode` and `sslrootcert` mean what they mean to libpq, except that who
    /// names an `sslrootcert` always gets encryption and a check of the name.
    pub(super) fn parse(url: &str) -> Result<Self, UrlError> {
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let mut for_driver = Vec::new();
        let mut authorities = None;
        let mut verify = false;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sslrootcert", "system") => verify = true,
                ("sslrootcert", path) => authorities = Some(decode(path)?),
                ("sslmode", "verify-full") => {
                    verify = true;
                    for_driver.push("sslmode=require");
                }
                ("sslmode", "verify-ca" | "allow") => return Err(UrlError::SslMode),
                _ => for_driver.push(pair),
            }
        }
        let given = |name: &str| for_driver.iter().any(|pair| pair.starts_with(name));
        let url = match for_driver.as_slice() {
            [] => server.to_owned(),
            pairs => format!("{server}?{}", pairs.join("&")),
        };
        let mut config: Config = url.parse().map_err(UrlError::Driver)?;
        if !given("application_name=") {
            config.application_name("phonekey");
        }
        if !given("connect_timeout=") {
            config.connect_timeout(CONNECT_PATIENCE);
        }
        if !given("tcp_user_timeout=") {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        if !given("keepalives") {
            config
                .keepalives_idle(PROBE_AFTER)
                .keepalives_interval(PROBE_EVERY)
                .keepalives_retries(PROBES);
        }
        let trust = match authorities {
            Some(path) => Trust::Authorities(path),
            None if verify => Trust::Platform,
            None => Trust::Anyone,
        };
        if trust != Trust::Anyone && config.get_ssl_mode() == SslMode::Prefer {
            // Falling back to no encryption would make the check worthless.
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self { config, trust })
    }

    /// The server for messages: its hosts and database, never a password.
    pub(super) fn name(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                tokio_postgres::config::Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let database = self.config.get_dbname().unwrap_or("postgres");
        format!("postgres://{}/{database}", hosts.join(","))
    }
}

/// How long a server may take to accept a connection. A server that is there does so within a
/// round trip or two.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// How long what we sent may stay without an acknowledgement before the connection counts as lost.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// An idle connection is probed after 15 s, then every 5 s, and lost after two probes: so one that
/// died in silence is noticed before most requests could meet it.
const PROBE_AFTER: Duration = Duration::from_secs(15);
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 2;

fn decode(value: &str) -> Result<PathBuf, UrlError> {
    let text = percent_decode_str(value).decode_utf8();
    text.map(|text| PathBuf::from(&*text))
        .map_err(|_| UrlError::Encoding)
}

/// A URL that names no server that we can reach.
#[derive(Debug, Error)]
pub(super) enum UrlError {
    /// The driver cannot read it.
    #[error(transparent)]
    Driver(tokio_postgres::Error),
    /// `sslmode=verify-ca` would take any server of the same authority, `allow` any server at all.
    #[error("sslmode is one of disable, prefer, require and verify-full")]
    SslMode,
    /// A value is no percent-encoded UTF-8.
    #[error("the path of sslrootcert is no UTF-8")]
    Encoding,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(query: &str) -> Target {
        Target::parse(&format!(
            "postgres://me:hunter2@db.example:5433/phones{query}"
        ))
        .unwrap()
    }

    #[test]
    fn a_plain_url_is_patient_for_a_few_seconds_only() {
        let Target { config, trust } = target("");

        assert_eq!(config.get_connect_timeout(), Some(&CONNECT_PATIENCE));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED));
        assert_eq!(config.get_keepalives_idle(), PROBE_AFTER);
        assert_eq!(config.get_application_name(), Some("phonekey"));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(trust, Trust::Anyone);
    }

    #[test]
    fn what_the_url_says_stands() {
        let query = "?connect_timeout=9&tcp_user_timeout=8&keepalives_idle=7&application_name=x";
        let Target { config, .. } = target(query);

        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(9)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(8)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(config.get_application_name(), Some("x"));
    }

    #[test]
    fn only_a_named_authority_or_verify_full_check_whom_we_talk_to() {
        let file = || Trust::Authorities("/etc/my ca.pem".into());
        for (query, mode, trust) in [
            ("?sslmode=disable", SslMode::Disable, Trust::Anyone),
            ("?sslmode=require", SslMode::Require, Trust::Anyone),
            ("?sslmode=verify-full", SslMode::Require, Trust::Platform),
            ("?sslrootcert=system", SslMode::Require, Trust::Platform),
            (
                "?sslmode=verify-full&sslrootcert=/etc/my%20ca.pem",
                SslMode::Require,
                file(),
            ),
            (
                "?sslrootcert=/etc/my%20ca.pem&sslmode=prefer",
                SslMode::Require,
                file(),
            ),
        ] {
            let target = target(query);
            assert_eq!(target.config.get_ssl_mode(), mode, "{query}");
            assert_eq!(target.trust, trust, "{query}");
        }
    }

    #[test]
    fn modes_that_promise_more_than_they_keep_are_refused() {
        for mode in ["verify-ca", "allow", "none"] {
            let url = format!("postgres://db/phones?sslmode={mode}");
            assert!(Target::parse(&url).is_err(), "{mode}");
        }
    }

    #[test]
    fn a_servers_name_shows_no_password() {
        assert_eq!(target("").name(), "postgres://db.example/phones");
    }
}
