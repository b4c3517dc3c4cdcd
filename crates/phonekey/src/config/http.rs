//! `[http]`: the server.

use std::{net::SocketAddr, time::Duration};

use super::{
    raw,
    read::{Read, Reader},
};

/// The HTTP server.
#[derive(Clone, Copy, Debug)]
pub struct HttpConfig {
    /// Where it listens.
    pub listen: SocketAddr,
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
