//! The texts of messages, as phones and carriers read them.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod check;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod kit;
