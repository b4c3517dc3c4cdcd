//! A provider's server, which fails as it is told to.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use phonekey_core::{
    testing::ManualClock,
    time::{Clock, Timestamp},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    fault::{Fate, Fault, LATE},
    senders::Exchanges,
    wire::{Asked, Request, State, Wire},
};

/// A message as a server was asked to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The number, as it is dialled in Iran.
    pub(crate) number: String,
    pub(crate) code: String,
    /// When it came to the phone; `None` when it never did.
    pub(crate) came_at: Option<Timestamp>,
    /// Whether the person may have got it, for all that we can tell.
    pub(crate) fate: Option<Fate>,
}

/// A provider's server.
pub(crate) struct Played {
    address: std::net::SocketAddr,
    state: Arc<Shared>,
}

struct Shared {
    wire: Wire,
    fault: Mutex<Option<Fault>>,
    sent: Mutex<Vec<Sent>>,
    clock: Arc<ManualClock>,
    exchanges: Arc<Exchanges>,
}

impl Played {
    /// Starts one that fails in this way, if any.
    pub(crate) fn start(
        wire: Wire,
        fault: Option<Fault>,
        clock: &Arc<ManualClock>,
        exchanges: &Arc<Exchanges>,
    ) -> Self {
        let state = Arc::new(Shared {
            wire,
            fault: Mutex::new(fault),
            sent: Mutex::default(),
            clock: Arc::clone(clock),
            exchanges: Arc::clone(exchanges),
        });
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            if fault == Some(Fault::ConnectionRefused) {
                // Kept, so that its port is nobody else's.
                let _bound = socket;
                return pending().await;
            }
            serving.serve(socket.listen(64).unwrap()).await;
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was asked to send, oldest first.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state.sent.lock().unwrap().clone()
    }

    /// From now on nothing is wrong with it.
    pub(crate) fn recover(&self) {
        *self.state.fault.lock().unwrap() = None;
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let shared = Arc::clone(&self);
            tokio::spawn(async move { shared.answer(connection).await });
        }
    }

    /// Takes one request, and closes the connection after its answer.
    async fn answer(&self, mut connection: TcpStream) {
        let request = Request::read(&mut connection).await;
        let fault = *self.fault.lock().unwrap();
        let (number, code) = match self.wire.read(&request) {
            Asked::Send { number, code } => (number, code),
            Asked::Report => return write(connection, &self.report(fault)).await,
        };
        if fault == Some(Fault::LateAnswer) {
            let _held = self.exchanges.hold();
            let _ = timeout(LATE, pending::<()>()).await;
        }
        let fate = fault.map(Fault::fate);
        let comes = matches!(fate, None | Some(Fate::Late));
        self.sent.lock().unwrap().push(Sent {
            number,
            code,
            came_at: comes.then(|| self.clock.now()),
            fate,
        });
        if fault == Some(Fault::Silence) {
            let _held = self.exchanges.hold();
            let _end = connection.read(&mut [0]).await;
            return;
        }
        let answer = fault.and_then(|fault| self.wire.failing(fault));
        let answer = answer.unwrap_or_else(|| self.wire.accepted());
        write(connection, &answer).await;
    }

    fn report(&self, fault: Option<Fault>) -> String {
        let state = match fault {
            Some(Fault::LostByReport) => State::Undelivered,
            Some(Fault::NoReport) => State::UnderWay,
            _ => State::Delivered,
        };
        self.wire.report(state)
    }
}

async fn write(mut connection: TcpStream, answer: &str) {
    connection.write_all(answer.as_bytes()).await.unwrap();
}
