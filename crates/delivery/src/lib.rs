//! Carries messages: the senders, the order in which they are tried, and the words they carry.
//!
//! - What the program's configuration says: [`settings`]; the senders made from it, by name:
//!   [`senders`].
//! - One delivery from its commit to its settlement, provider after provider: [`router`].
//! - The senders, one file each: [`inbox`], [`console`], [`mod@file`] (for development) and
//!   [`webhook`]. A further one implements
//!   [`MessageSender`](phonekey_core::ports::delivery::MessageSender) and joins [`senders`].
//! - The words: [`text`], one template per language.
//!
//! The code of a message is derived when it is sent and kept nowhere. A log line names a delivery,
//! never a code, a text or a whole number.

mod carrier;
pub mod console;
pub mod file;
mod http;
pub mod inbox;
pub mod router;
pub mod senders;
pub mod settings;
pub mod text;
mod under_way;
pub mod webhook;
