//! The program: its configuration, its commands, and the assembly of all parts into a server.
//!
//! It is a library with a binary of one line, so that tests and fuzz targets reach its parts.

pub mod assembly;
mod bulletin;
pub mod command;
pub mod config;
mod housekeeping;
mod logging;
pub mod output;
pub mod serve;
mod server;
