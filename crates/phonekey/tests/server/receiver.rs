//! The server that a webhook's messages are posted to, played by the test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Home, text};

/// The operator's server.
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    manner: Mutex<Manner>,
    arrived: Mutex<Vec<Arrived>>,
}

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It takes every message at once.
    AtOnce,
    /// It takes every message, after so long.
    After(Duration),
    /// It reads every message and loses it, and answers nothing.
    Never,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) challenge: String,
    /// The answer to give to the challenge.
    pub(crate) answer: Value,
    /// Whether its person gets it.
    pub(crate) is_taken: bool,
}

impl Receiver {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            manner: Mutex::new(manner),
            arrived: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&serving);
                thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state }
    }

    /// Has a home's messages sent here, and their callers wait no longer than a moment.
    pub(crate) fn serve(&self, home: &mut Home) {
        home.set("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "webhook")
            .set(
                "PHONEKEY_DELIVERY__WEBHOOK__URL",
                &format!("http://{}/", self.address),
            )
            .set(
                "PHONEKEY_DELIVERY__WEBHOOK__SECRETS",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            )
            .set("PHONEKEY_DELIVERY__WEBHOOK__TIMEOUT", "4500ms")
            .set("PHONEKEY_DELIVERY__DEADLINE", "100ms")
            .set("PHONEKEY_DELIVERY__LEASE", "5s");
    }

    /// From now on it answers like this, messages that have arrived aside.
    pub(crate) fn answer(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// All that has arrived, oldest first.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.state.arrived.lock().unwrap().clone()
    }

    /// How many messages of a challenge have arrived.
    pub(crate) fn copies(&self, challenge: &str) -> usize {
        let arrived = self.arrived().into_iter();
        arrived
            .filter(|message| message.challenge == challenge)
            .count()
    }

    /// Whether the person of a challenge has got its message.
    pub(crate) fn has_taken(&self, challenge: &str) -> bool {
        let arrived = self.arrived().into_iter();
        arrived
            .filter(|message| message.is_taken)
            .any(|message| message.challenge == challenge)
    }
}

impl State {
    /// Serves one connection until its other end is gone.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(body) = read_request(&mut reader) {
            let manner = *self.manner.lock().unwrap();
            let mut national = text(&body["phone"]);
            national.replace_range(..3, "0");
            let challenge = text(&body["challenge_id"]);
            let index = {
                let mut arrived = self.arrived.lock().unwrap();
                arrived.push(Arrived {
                    answer: json!({
                        "uuid": challenge, "receiver": national, "code": body["code"],
                    }),
                    challenge,
                    is_taken: false,
                });
                arrived.len() - 1
            };
            match manner {
                Manner::AtOnce => {}
                Manner::After(wait) => pause(wait),
                Manner::Never => continue,
            }
            self.arrived.lock().unwrap()[index].is_taken = true;
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            if reader.get_mut().write_all(answer).is_err() {
                return;
            }
        }
    }
}

/// The body of the next request; `None` when the connection has ended.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A slow provider is slow in the real world: its server is another process.
#[expect(
    clippy::disallowed_methods,
    reason = "the provider's slowness, not the test's"
)]
fn pause(wait: Duration) {
    let began = Instant::now();
    while let Some(left) = wait.checked_sub(began.elapsed()) {
        thread::park_timeout(left);
    }
}
