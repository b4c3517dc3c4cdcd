//! Only under an address of its own: a shield against DNS rebinding.
//!
//! A website that a developer visits can point its own name at a loopback address and then read
//! what listens there as if it were its own. Its pages still send its name in `Host`, so the pages
//! answer under IP addresses and `localhost` alone.

use std::net::IpAddr;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// Refuses requests that came under a name (RFC 9110 §15.5.20).
pub(super) async fn only_addresses(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.map(|host| host.to_str().unwrap_or_default());
    if host.is_none_or(is_address) {
        return next.run(request).await;
    }
    let explanation = "The developer's pages answer under an IP address or localhost only, so that \
                       no website can read them under a name of its own.\n";
    (StatusCode::MISDIRECTED_REQUEST, explanation).into_response()
}

/// Whether a `Host` is an IP address or `localhost`, with or without a port.
fn is_address(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let name = match bracketed {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_ours() {
        for host in [
            "127.0.0.1:8000",
            "127.0.0.1",
            "[::1]:8000",
            "localhost:8000",
            "LOCALHOST",
            "a.localhost",
        ] {
            assert!(is_address(host), "{host}");
        }
    }

    #[test]
    fn names_are_others() {
        for host in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "",
            "127.0.0.1.nip.io",
            "notlocalhost",
        ] {
            assert!(!is_address(host), "{host}");
        }
    }
}
