//! SMPP as it is on the wire: against a server that the test plays, octet by octet, and against one by
//! others.

#[cfg(test)]
mod foreign;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod log;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod session;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod wire;
