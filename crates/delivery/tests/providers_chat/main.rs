//! What AWS SNS is sent, and what its answers mean.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod sns;
#[cfg(test)]
mod troubles;
