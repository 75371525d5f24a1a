//! Values that must never be told, and texts without them.
//!
//! Promises: a value that was kept stands in no text that went through `without_secrets`, neither
//! as it is nor as a debugging form would write it.
//! Does not know: which values are secret; who writes texts.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// What stands in the place of a secret.
const IN_ITS_PLACE: &str = "…";

/// What must not be told, the longest first, so that one that contains another goes as a whole.
static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// From now on this value is left out of every text that goes through `without_secrets`, for as
/// long as the process lives.
pub fn keep_secret(value: &str) {
    let forms = [value.to_owned(), value.escape_debug().to_string()];
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for form in forms {
        if !form.is_empty() && !secrets.contains(&form) {
            let at = secrets.partition_point(|known| known.len() >= form.len());
            secrets.insert(at, form);
        }
    }
}

/// The text with everything left out that was kept secret.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let found = secrets.iter().filter(|secret| text.contains(secret.as_str()));
    found.fold(Cow::Borrowed(text), |text, secret| {
        Cow::Owned(text.replace(secret.as_str(), IN_ITS_PLACE))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[test]
    fn a_secret_is_left_out_as_it_is_and_as_it_is_escaped() {
        keep_secret("s3cret\"with\nmore");
        keep_secret("s3cret");
        let text = format!("a s3cret\"with\nmore, {:?}, s3cret", "s3cret\"with\nmore");
        assert_eq!(without_secrets(&text), "a …, \"…\", …");
        assert_eq!(without_secrets("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn what_a_connection_logs_in_with_is_kept_secret_from_the_moment_it_is_set() {
        let mut settings = Settings::from_brokers("a:1").unwrap();
        settings.set("sasl.password=correct horse").unwrap();
        settings.set("sasl.username=ann-of-the-test").unwrap();
        let told = without_secrets("ann-of-the-test: correct horse").into_owned();
        assert_eq!(told, "ann-of-the-test: …");
    }
}
