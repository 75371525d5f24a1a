//! Values that stand outside the workspace file: `${NAME}` and `keyring:NAME`.
//!
//! Promises: the message of a fault never shows a value; a variable that the workspace may not use
//! is not read.
//! Does not know: where the environment's values come from.

use super::permissions::Permissions;

/// Why a value cannot be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The environment has no such variable.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The workspace may not use this variable.
    #[error("the environment variable `{0}` is not handed to a workspace")]
    NotAllowed(String),
    /// `${` without a name and `}` after it.
    #[error("expected ${{NAME}}, got `{0}`")]
    NotAName(String),
    /// The system's keyring is not supported.
    #[error("`{0}`: reading from the keyring is not available yet")]
    Keyring(String),
}

impl SecretError {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NotSet(name) => format!("set it: export {name}=…"),
            Self::NotAllowed(name) => format!(
                "a workspace gets variables that begin with KAFKA_ or FOLDBACK_; if you trust this one with it: --allow-env {name}"
            ),
            Self::NotAName(_) => "a name is made of letters, digits and `_`".to_owned(),
            Self::Keyring(_) => {
                "put it into an environment variable and write \"${KAFKA_PASSWORD}\"".to_owned()
            }
        }
    }
}

/// Whether a text has anything to look up.
pub(crate) fn has_secret(text: &str) -> bool {
    text.contains("${") || text.starts_with("keyring:")
}

/// The text with every `${NAME}` replaced by the environment's value. What a value contains is not
/// looked up again.
pub(crate) fn look_up(
    text: &str,
    permissions: &Permissions,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, SecretError> {
    if text.starts_with("keyring:") {
        return Err(SecretError::Keyring(text.to_owned()));
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            return Err(SecretError::NotAName(format!("${{{after}")));
        };
        if !permissions.allows_env(name) {
            return Err(SecretError::NotAllowed(name.to_owned()));
        }
        whole.push_str(before);
        whole += &environment(name).ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// Whether this can be the name of an environment variable.
fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_wherever_they_stand_and_once() {
        let environment = |name: &str| match name {
            "KAFKA_USER" => Some("alice".to_owned()),
            "KAFKA_ODD" => Some("${KAFKA_USER}".to_owned()),
            "PASSWORD" => panic!("it is not read"),
            _ => None,
        };
        let cases = [
            ("plain", Ok("plain")),
            ("a ${KAFKA_USER} b ${KAFKA_USER}", Ok("a alice b alice")),
            ("${KAFKA_ODD}", Ok("${KAFKA_USER}")),
            ("costs $5 {x}", Ok("costs $5 {x}")),
            ("${KAFKA_NONE}", Err("the environment variable `KAFKA_NONE` is not set")),
            (
                "${PASSWORD}",
                Err("the environment variable `PASSWORD` is not handed to a workspace"),
            ),
            ("${KAFKA_USER", Err("expected ${NAME}, got `${KAFKA_USER`")),
            ("${file:/a:b}", Err("expected ${NAME}, got `${file:/a:b}`")),
            ("keyring:shop", Err("`keyring:shop`: reading from the keyring is not available yet")),
        ];
        for (text, expected) in cases {
            let found = look_up(text, &Permissions::default(), &environment)
                .map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
            assert_eq!(has_secret(text), !matches!(text, "plain" | "costs $5 {x}"), "{text}");
        }
    }
}
