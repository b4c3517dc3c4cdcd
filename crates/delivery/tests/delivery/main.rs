//! What the senders and the router do, seen from outside.

#[cfg(test)]
mod conversion;
#[cfg(test)]
mod dispatch;
#[cfg(test)]
mod early;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod fake_reports;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod file;
#[cfg(test)]
mod follow_up;
#[cfg(test)]
mod health;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod polling;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod resend;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod troubled;
#[cfg(test)]
mod world;
