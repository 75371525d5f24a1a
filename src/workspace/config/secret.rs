//! Values that stand outside the workspace file: `${NAME}` and `keyring:NAME`.
//!
//! Promises: the message of a fault never shows a value.
//! Does not know: where the environment's values come from.

/// Why a value cannot be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The environment has no such variable.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
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
            Self::NotAName(_) => "a name is made of letters, digits and `_`".to_owned(),
            Self::Keyring(_) => {
                "put it into an environment variable and write \"${NAME}\"".to_owned()
            }
        }
    }
}

/// Whether a text has anything to look up.
pub(crate) fn has_secret(text: &str) -> bool {
    text.contains("${") || text.starts_with("keyring:")
}

/// The text with every `${NAME}` replaced by the environment's value. What a value contains is not looked up again.
pub(crate) fn look_up(
    text: &str,
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
            "USER_1" => Some("alice".to_owned()),
            "ODD" => Some("${USER_1}".to_owned()),
            _ => None,
        };
        let cases = [
            ("plain", Ok("plain")),
            ("a ${USER_1} b ${USER_1}", Ok("a alice b alice")),
            ("${ODD}", Ok("${USER_1}")),
            ("costs $5 {x}", Ok("costs $5 {x}")),
            ("${PASSWORD}", Err("the environment variable `PASSWORD` is not set")),
            ("${USER_1", Err("expected ${NAME}, got `${USER_1`")),
            ("${file:/a:b}", Err("expected ${NAME}, got `${file:/a:b}`")),
            ("keyring:shop", Err("`keyring:shop`: reading from the keyring is not available yet")),
        ];
        for (text, expected) in cases {
            let found = look_up(text, &environment).map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
            assert_eq!(has_secret(text), !matches!(text, "plain" | "costs $5 {x}"), "{text}");
        }
    }
}
