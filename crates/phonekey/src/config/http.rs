//! `[http]`: the server.

use std::{net::SocketAddr, time::Duration};

use super::{
    raw,
    read::{Read, Reader},
};

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it is reached from outside, without a final slash.
    pub public_url: Option<String>,
    /// Connections that are open at once.
    pub max_connections: usize,
    /// How long the head of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long the body of a request may take to arrive.
    pub body_timeout: Duration,
    /// How long requests and messages under way may take to finish after the signal to stop.
    pub shutdown_deadline: Duration,
}

impl HttpConfig {
    pub(super) fn read(raw: &raw::Http, reader: &mut Reader) -> Read<Self> {
        let listen = reader.read(&raw.listen, parse_address);
        let public_url = reader.optional(&raw.public_url, parse_public_url);
        let max_connections = reader.number(&raw.max_connections, 1..=1_000_000);
        let patience = Duration::from_secs(1)..=Duration::from_mins(5);
        let header_timeout = reader.duration(&raw.header_timeout, patience.clone());
        let body_timeout = reader.duration(&raw.body_timeout, patience);
        let shutdown_deadline = reader.duration(
            &raw.shutdown_deadline,
            Duration::ZERO..=Duration::from_mins(10),
        );
        Ok(Self {
            listen: listen?,
            public_url: public_url?,
            max_connections: max_connections?,
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            shutdown_deadline: shutdown_deadline?,
        })
    }

    /// Whether only this machine reaches the server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is no IP address with a port; write one such as 127.0.0.1:8000, [::1]:8000, \
             or 0.0.0.0:8000 for all addresses"
        )
    })
}

/// A URL that paths can be appended to.
fn parse_public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next());
    let sound = host.is_some_and(|host| !host.is_empty())
        && !url.contains(['?', '#', '@'])
        && url.chars().all(|c| c.is_ascii_graphic());
    if sound {
        return Ok(url.to_owned());
    }
    Err(format!(
        "`{text}` is no address of a server; write one such as https://login.example.com"
    ))
}
