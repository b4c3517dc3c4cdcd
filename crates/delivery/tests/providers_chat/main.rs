//! What AWS SNS and Telegram Gateway are sent, and what their answers and reports mean.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod sns;
#[cfg(test)]
mod telegram;
#[cfg(test)]
mod troubles;
