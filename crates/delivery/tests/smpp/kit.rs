//! An SMPP server that the test plays, a client of it, and messages to send there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    code::Code,
    delivery::{
        Channel, DeliveryId,
        message::Message,
        outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
        report::Report,
    },
    ports::{delivery::MessageSender, store::StoreError},
    secret::Secret,
    testing::{ManualClock, values},
};
use phonekey_delivery::{
    provider::{HoldSession, Surroundings, TakeReports},
    providers::smpp::{
        Smpp,
        address::{Address, INTERNATIONAL},
        coding::DefaultAlphabet,
        message_id::ReceiptId,
        settings::{
            Account, Encryption, LongTexts, ReceiptMark, ReceiptSettings, SmppSettings,
            TextSettings, Validity,
        },
    },
    text::Texts,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Longer than any exchange on this machine takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Shorter than a server that never answers.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// The code of [`message`].
pub(crate) const CODE: &str = "482913";
pub(crate) const PASSWORD: &str = "s3cr3t";

pub(crate) const BIND_TRANSCEIVER: u32 = 0x09;
pub(crate) const SUBMIT_SM: u32 = 0x04;
pub(crate) const DELIVER_SM: u32 = 0x05;
pub(crate) const UNBIND: u32 = 0x06;
pub(crate) const ENQUIRE_LINK: u32 = 0x15;
pub(crate) const GENERIC_NACK: u32 = 0x8000_0000;

/// The id of the answer to a request.
pub(crate) const fn answer_to(id: u32) -> u32 {
    GENERIC_NACK | id
}

/// A PDU as it travels.
pub(crate) fn pdu(id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let head = [length, id, status, sequence].map(u32::to_be_bytes);
    [head.as_flattened(), body].concat()
}

/// The body of a `deliver_sm` with this text and these fields after it.
pub(crate) fn delivered(esm_class: u8, text: &str, fields: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let before = b"\0\x01\x01989121234567\0\x05\0PhoneKey\0";
    let after = [esm_class, 0, 0, 0, 0, 0, 0, 0, 0, length];
    [&before[..], &after, text.as_bytes(), fields].concat()
}

/// An SMPP server.
pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The next connection, before its bind.
    pub(crate) async fn connection(&self) -> Peer {
        let (stream, _) = timeout(LONG, self.0.accept()).await.unwrap().unwrap();
        Peer { stream }
    }

    /// The next connection, let in.
    pub(crate) async fn session(&self) -> Peer {
        let mut peer = self.connection().await;
        let bind = peer.read().await;
        assert_eq!(bind.id(), BIND_TRANSCEIVER);
        peer.answer(&bind, 0, b"carrier\0").await;
        // It answers once it has begun the session.
        peer.write(&pdu(ENQUIRE_LINK, 0, 1, b"")).await;
        assert_eq!(peer.read().await.id(), answer_to(ENQUIRE_LINK));
        peer
    }

    /// A client of this server, and the session that it has opened.
    pub(crate) async fn client(&self, settings: &SmppSettings) -> (Client, Peer) {
        let client = Client::start(settings);
        (client, self.session().await)
    }
}

/// The server's end of a connection.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// The next PDU of the client.
    pub(crate) async fn read(&mut self) -> Pdu {
        self.try_read().await.expect("the client left")
    }

    /// The next PDU of the client; `None` once it has left.
    pub(crate) async fn try_read(&mut self) -> Option<Pdu> {
        let read = async {
            let mut octets = vec![0; 4];
            self.stream.read_exact(&mut octets).await.ok()?;
            let length = u32::from_be_bytes(octets[..].try_into().unwrap());
            octets.resize(usize::try_from(length).unwrap(), 0);
            self.stream.read_exact(&mut octets[4..]).await.unwrap();
            Some(Pdu(octets))
        };
        timeout(LONG, read).await.unwrap()
    }

    /// Whether the client says nothing for a while.
    pub(crate) async fn hears_nothing(&mut self) -> bool {
        timeout(SHORT, self.stream.peek(&mut [0])).await.is_err()
    }

    pub(crate) async fn write(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    pub(crate) async fn answer(&mut self, request: &Pdu, status: u32, body: &[u8]) {
        let id = answer_to(request.id());
        let answer = pdu(id, status, request.sequence(), body);
        self.write(&answer).await;
    }

    /// Takes the next message, by this name.
    pub(crate) async fn take(&mut self, id: &str) -> Pdu {
        let submit = self.read().await;
        assert_eq!(submit.id(), SUBMIT_SM);
        self.answer(&submit, 0, format!("{id}\0").as_bytes()).await;
        submit
    }

    /// Hands the client something, and how it answers that.
    pub(crate) async fn deliver(&mut self, body: &[u8]) -> u32 {
        let sequence = 7001;
        self.write(&pdu(DELIVER_SM, 0, sequence, body)).await;
        let answer = self.read().await;
        assert_eq!(answer.id(), answer_to(DELIVER_SM));
        assert_eq!(answer.sequence(), sequence);
        assert_eq!(answer.body(), b"\0");
        answer.status()
    }
}

/// A PDU of the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pdu(pub(crate) Vec<u8>);

impl Pdu {
    fn word(&self, place: usize) -> u32 {
        let octets = &self.0[4 * place..4 * place + 4];
        u32::from_be_bytes(octets.try_into().unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.word(1)
    }

    pub(crate) fn status(&self) -> u32 {
        self.word(2)
    }

    pub(crate) fn sequence(&self) -> u32 {
        self.word(3)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.0[16..]
    }

    /// What follows the addresses of a message.
    pub(crate) fn after_addresses(&self) -> &[u8] {
        let end = b"989121234567\0";
        let body = self.body();
        let at = body.windows(end.len()).position(|it| it == end).unwrap();
        &body[at + end.len()..]
    }
}

/// A sender that keeps its session.
pub(crate) struct Client {
    pub(crate) smpp: Arc<Smpp>,
    pub(crate) reports: Arc<Reports>,
    ending: CancellationToken,
    held: JoinHandle<()>,
}

impl Client {
    pub(crate) fn start(settings: &SmppSettings) -> Self {
        Self::writing(settings, Texts::falling_back_to("en").unwrap())
    }

    /// One with these texts.
    pub(crate) fn writing(settings: &SmppSettings, texts: Texts) -> Self {
        let surroundings = Surroundings {
            texts,
            clock: Arc::new(ManualClock::at(values::challenge().created_at)),
            callback: None,
            public_url: None,
        };
        let smpp = Arc::new(Smpp::new(settings, surroundings).unwrap());
        let (reports, ending) = (Reports::new(), CancellationToken::new());
        let held = {
            let (smpp, reports) = (Arc::clone(&smpp), Arc::clone(&reports));
            let ending = ending.clone();
            tokio::spawn(async move { smpp.hold(reports, ending).await })
        };
        Self {
            smpp,
            reports,
            ending,
            held,
        }
    }

    pub(crate) async fn send(&self) -> SendOutcome {
        self.smpp.send(&message()).await
    }

    /// Sends in the background.
    pub(crate) fn sending(&self) -> JoinHandle<SendOutcome> {
        let smpp = Arc::clone(&self.smpp);
        tokio::spawn(async move { smpp.send(&message()).await })
    }

    /// Ends the session, and returns once it has ended.
    pub(crate) async fn stop(self) {
        self.ending.cancel();
        timeout(LONG, self.held).await.unwrap().unwrap();
    }
}

/// Where reports end up.
pub(crate) struct Reports {
    tell: mpsc::UnboundedSender<Report>,
    told: Mutex<mpsc::UnboundedReceiver<Report>>,
    refuse: std::sync::Mutex<bool>,
}

impl Reports {
    fn new() -> Arc<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        Arc::new(Self {
            tell,
            told: Mutex::new(told),
            refuse: std::sync::Mutex::new(false),
        })
    }

    /// The next one.
    pub(crate) async fn next(&self) -> Report {
        let mut told = self.told.lock().await;
        timeout(LONG, told.recv()).await.unwrap().unwrap()
    }

    /// Whether there is none that was not read.
    pub(crate) async fn are_none(&self) -> bool {
        self.told.lock().await.is_empty()
    }

    /// From now on they cannot be noted, or can again.
    pub(crate) fn fail(&self, fail: bool) {
        *self.refuse.lock().unwrap() = fail;
    }
}

#[async_trait]
impl TakeReports for Reports {
    async fn take(&self, report: Report) -> Result<(), StoreError> {
        if *self.refuse.lock().unwrap() {
            return Err(StoreError::Unavailable {
                source: "told to".into(),
            });
        }
        self.tell.send(report).unwrap();
        Ok(())
    }
}

/// A server on this machine without TLS, and nothing out of the ordinary.
pub(crate) fn settings(port: u16) -> SmppSettings {
    SmppSettings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        account: Account {
            system_id: "phonekey".to_owned(),
            password: Secret::new(PASSWORD),
            system_type: String::new(),
        },
        sender: Address::parse("PhoneKey").unwrap(),
        destination: INTERNATIONAL,
        texts: TextSettings {
            alphabet: DefaultAlphabet::Gsm7,
            long: LongTexts::Parts,
            validity: Validity::Code,
        },
        receipts: ReceiptSettings {
            id: ReceiptId::Same,
            mark: ReceiptMark::Flag,
            errors: BTreeMap::new(),
        },
        statuses: BTreeMap::new(),
        window: 10,
        enquire_every: LONG,
        timeout: LONG,
    }
}

/// The first message of a challenge, in English, to a number of Iran.
pub(crate) fn message() -> Message {
    let challenge = values::challenge();
    Message {
        delivery: DeliveryId {
            challenge: challenge.id,
            attempt: 1,
        },
        to: challenge.phone,
        channel: Channel::Sms,
        language: "en".to_owned(),
        code: Code::parse(CODE).unwrap(),
        app_hash: None,
        expires_at: challenge.expires_at,
    }
}

pub(crate) fn accepted(id: &str) -> SendOutcome {
    SendOutcome::Accepted(Receipt {
        message_id: MessageId::new(id),
        cost: None,
    })
}

pub(crate) const fn refused(refusal: SendRefusal) -> SendOutcome {
    SendOutcome::Refused(refusal)
}
