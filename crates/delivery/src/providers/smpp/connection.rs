//! From nothing to a session that the server has let us into.

use std::{io, sync::Arc, time::Duration};

use rusmpp_core::{CommandId, CommandStatus};
use rustls::{
    ClientConfig,
    pki_types::{InvalidDnsNameError, ServerName},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    frame::{Frames, NoFrame},
    pdu::{self, FIRST_SEQUENCE},
    settings::{Account, Encryption, SmppSettings},
    tls::{self, TlsProblem},
};

/// How long the server may take to let us in, from the first packet to its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the server is, and who we are there.
pub(super) struct Target {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    account: Account,
}

impl Target {
    pub(super) fn of(settings: &SmppSettings) -> Result<Self, TargetProblem> {
        let tls = match &settings.encryption {
            Encryption::None => None,
            Encryption::Tls { authorities } => {
                let config: Arc<ClientConfig> = tls::config(authorities.as_deref())?;
                let name = ServerName::try_from(settings.host.clone())?;
                Some((TlsConnector::from(config), name))
            }
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            tls,
            account: settings.account.clone(),
        })
    }

    /// Connects and has us let in.
    pub(super) async fn connect(&self) -> Result<Link, NotBound> {
        timeout(PATIENCE, self.bind())
            .await
            .map_err(|_| NotBound::Silent)?
    }

    async fn bind(&self) -> Result<Link, NotBound> {
        let stream = self.open().await.map_err(NotBound::NoConnection)?;
        let (reader, mut writer) = split(stream);
        let lost = |error| NotBound::Ended(NoFrame::Lost(error));
        let bind = pdu::bind_transceiver(&self.account);
        writer.write_all(&bind).await.map_err(lost)?;
        writer.flush().await.map_err(lost)?;
        let mut frames = Frames::of(reader);
        loop {
            let frame = frames.next().await.map_err(NotBound::Ended)?;
            let is_answer = match frame.id {
                CommandId::BindTransceiverResp => frame.sequence == FIRST_SEQUENCE,
                CommandId::GenericNack => true,
                // Nothing else is due before the answer, and nothing has to be answered.
                _ => false,
            };
            match (is_answer, frame.id, frame.status) {
                (false, ..) => {}
                (true, CommandId::BindTransceiverResp, CommandStatus::EsmeRok) => {
                    return Ok(Link { frames, writer });
                }
                (true, _, status) => return Err(NotBound::Refused(status)),
            }
        }
    }

    async fn open(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // A message is one small packet, and somebody waits for it.
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => Ok(Box::new(connector.connect(name.clone(), stream).await?)),
        }
    }
}

/// A session that we were let into.
pub(super) struct Link {
    pub(super) frames: Frames<ReadHalf<Box<dyn Stream>>>,
    pub(super) writer: WriteHalf<Box<dyn Stream>>,
}

/// A connection, in the clear or within TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why there is no session.
#[derive(Debug, Error)]
pub(super) enum NotBound {
    /// Nobody listens, or who does cannot be trusted.
    #[error("no connection")]
    NoConnection(#[source] io::Error),
    /// The server does not let us in.
    #[error("the server refused us with status {:#06x}", u32::from(*.0))]
    Refused(CommandStatus),
    /// It ended before the server's answer. Servers do so with addresses that they do not know.
    #[error("no answer")]
    Ended(#[source] NoFrame),
    /// It took too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
}

impl NotBound {
    /// Whether the account is at fault: to try again soon would have some servers lock it.
    pub(super) const fn is_for_the_account(&self) -> bool {
        matches!(
            self,
            Self::Refused(
                CommandStatus::EsmeRbindfail
                    | CommandStatus::EsmeRinvpaswd
                    | CommandStatus::EsmeRinvsysid
                    | CommandStatus::EsmeRinvsystyp
            )
        )
    }
}

/// Why a server cannot be reached at all, as it is configured.
#[derive(Debug, Error)]
pub enum TargetProblem {
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsProblem),
    /// The server's name is none.
    #[error("the server's name cannot be in a certificate")]
    Name(#[from] InvalidDnsNameError),
}
