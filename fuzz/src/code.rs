//! Codes as people type them.

use phonekey_core::{code::Code, digits};

use crate::text;

/// Folding changes digits alone and changes nothing twice; a code is the same however it is typed.
pub fn holds(input: &[u8]) {
    let typed = text(input);
    let folded = digits::fold(typed);
    assert_eq!(folded.chars().count(), typed.chars().count());
    assert_eq!(digits::fold(&folded), folded);
    let code = Code::parse(typed);
    let again = Code::parse(&folded);
    assert_eq!(code.is_some(), again.is_some());
    let (Some(code), Some(again)) = (code, again) else {
        return;
    };
    assert!(code.matches(&again));
    assert_eq!(code.expose(), folded.trim());
    assert_eq!(code.expose().len(), usize::from(code.length().get()));
    assert!(!format!("{code:?}").contains(code.expose()));
}
