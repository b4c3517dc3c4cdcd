//! URLs of databases.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(database);
