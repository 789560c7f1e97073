//! Turns a panic inside the parquet crate into an error: damaged files must never end the program.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::super::RecordingError;
use super::super::error::{Place, one_line};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode`; a panic in it becomes [`RecordingError::Damaged`] at `place`.
///
/// The panic's own message stays off stderr, where it would be a second report of the same error: a panic hook, set on
/// first use, passes everything on to the hook before it except panics inside this function.
pub(in crate::recording) fn guarded<T>(
    place: &Place,
    decode: impl FnOnce() -> Result<T, RecordingError>,
) -> Result<T, RecordingError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                previous(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let reason = format!("the Parquet decoder gave up: {}", one_line(message.unwrap_or("no message")));
        Err(RecordingError::Damaged { place: place.clone(), reason })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_panic_becomes_an_error_in_one_line() {
        let place = Place::row_group(Path::new("x.parquet"), 2);
        let result: Result<(), _> = guarded(&place, || panic!("index out\nof bounds"));
        let message = result.unwrap_err().to_string();
        assert_eq!(message, "x.parquet, row group 2: the Parquet decoder gave up: index out of bounds");
    }
}
