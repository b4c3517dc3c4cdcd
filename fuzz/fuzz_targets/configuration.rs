//! Configuration files and environment variables.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(configuration);
