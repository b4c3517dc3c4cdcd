//! A receiver of the provider `webhook`, played by the test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What messages are signed with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// It listens until the test's process ends.
pub(crate) struct Webhook {
    pub(crate) url: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    /// One that answers every message with this JSON.
    pub(crate) fn answering(answer: &'static str) -> Self {
        Self::start(move |mut stream| {
            let length = answer.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n"
            );
            // Who has waited enough may be gone.
            let _ = stream.write_all(format!("{head}{answer}").as_bytes());
        })
    }

    /// One that takes every message and says nothing.
    pub(crate) fn silent() -> Self {
        let kept = Mutex::new(Vec::new());
        Self::start(move |stream| kept.lock().unwrap().push(stream))
    }

    /// The bodies that came so far, oldest first.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    fn start(answer: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        thread::spawn({
            let bodies = Arc::clone(&bodies);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if let Some(body) = read(&stream) {
                        bodies.lock().unwrap().push(body);
                        answer(stream);
                    }
                }
            }
        });
        Self {
            url: format!("http://{address}/send"),
            bodies,
        }
    }
}

fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}
