//! The database goes away and comes back: 503 with `Retry-After`, then all is well by itself.

use std::{
    env,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::support::{CREATE, Home, REFRESH, VERIFY, mobile};
use serde_json::json;

#[test]
fn a_database_that_goes_away_is_503_until_it_is_back() {
    let Some(mut home) = Home::postgres() else {
        return;
    };
    let upstream = postgres_address();
    let proxy = Proxy::start(upstream);
    let url = home
        .variable("PHONEKEY_DATABASE__URL")
        .replace(&proxy.upstream, &proxy.address);
    home.set("PHONEKEY_DATABASE__URL", &url);
    let mut server = home.start();
    let mut client = server.client();
    let tokens = client.log_in(&home, &mobile(1));
    let waiting = client.challenge(&home, &mobile(2));

    proxy.cut();
    let bodies = [
        (CREATE, json!({ "receiver": mobile(3) })),
        (VERIFY, waiting.clone()),
        (REFRESH, json!({ "refresh": tokens["refresh"] })),
    ];
    for _ in 0..3 {
        for (path, body) in &bodies {
            let answer = client.post(path, body);
            assert_eq!(answer.status, 503, "{path}: {answer:?}");
            assert!(
                answer.headers.contains_key("retry-after"),
                "{path}: {answer:?}"
            );
        }
    }
    assert_eq!(client.get("/health/live").status, 200);
    assert_eq!(client.get("/health/ready").status, 503);

    proxy.mend();
    until(|| client.get("/health/ready").status == 200);
    assert_eq!(
        client.post(VERIFY, &waiting).status,
        200,
        "an answered create is lost"
    );
    let renewed = client.post(REFRESH, &json!({ "refresh": tokens["refresh"] }));
    assert_eq!(renewed.status, 200, "{renewed:?}");
    client.log_in(&home, &mobile(3));
    assert_eq!(server.stop(), Some(0));
}

/// Asks until it is so, for at most the time-out of the test runner.
fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        thread::park_timeout(Duration::from_millis(50));
    }
}

fn postgres_address() -> String {
    let url = env::var("PHONEKEY_TEST_POSTGRES").unwrap_or_default();
    let host = url.split('@').nth(1).unwrap_or_default();
    host.split('/').next().unwrap_or_default().to_owned()
}

/// Stands between the server and its database, and can be cut.
struct Proxy {
    upstream: String,
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cut: bool,
    streams: Vec<TcpStream>,
}

impl Proxy {
    fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let proxy = Self {
            upstream: upstream.clone(),
            address,
            state: Arc::clone(&state),
        };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = state.lock().unwrap();
                if state.cut {
                    continue;
                }
                let server = TcpStream::connect(&upstream).unwrap();
                for stream in [&client, &server] {
                    state.streams.push(stream.try_clone().unwrap());
                }
                pipe(client.try_clone().unwrap(), server.try_clone().unwrap());
                pipe(server, client);
            }
        });
        proxy
    }

    fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.cut = true;
        for stream in state.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.state.lock().unwrap().cut = false;
    }
}

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
