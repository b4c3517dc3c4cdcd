//! A server under test and the place of its codes.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpStream;

use crate::codes::{Codes, CodesPlace};
use crate::target::TargetUrl;

/// A server under test, shared by all connections to it.
pub(crate) struct Site {
    /// Its address as it was given.
    pub(crate) url: TargetUrl,
    /// Its address as it was looked up.
    pub(crate) address: SocketAddr,
    /// Where its codes are read.
    pub(crate) codes: Codes,
}

impl Site {
    /// Looks up the address, sees whether anyone listens there, and opens the place of codes.
    pub(crate) async fn open(url: &TargetUrl, place: &CodesPlace) -> Result<Arc<Self>> {
        let address = url.resolve().await?;
        TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {url}"))?;
        Ok(Arc::new(Self {
            url: url.clone(),
            address,
            codes: Codes::open(place)?,
        }))
    }
}
