//! What the senders and the router do, seen from outside.

#[cfg(test)]
mod file;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod router;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod world;
