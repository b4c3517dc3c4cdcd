//! What the tests of all providers share: a server that plays the provider, messages to send there,
//! and what every provider is held to.

pub(crate) mod log;
mod message;
mod report;
mod server;
pub(crate) mod troubles;

pub(crate) use self::{
    message::{CODE, IRAN, NOW, accepted, accepted_for, message, refused, surroundings},
    report::{LOST, UNWANTED, post, report},
    server::{LONG, Request, SHORT, Server, nobody, outcome_of, read, reply, report_of},
};
