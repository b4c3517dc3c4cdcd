//! What a webhook answers.
#![cfg_attr(fuzzing, no_main)]

phonekey_fuzz::target!(reply);
