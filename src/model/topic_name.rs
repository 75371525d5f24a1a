//! What Kafka takes for the name of a topic.
//!
//! Promises: the rule is that of the broker (`org.apache.kafka.common.internals.Topic`).
//! Does not know: whether a topic exists.

/// How long a name may be, in characters.
pub const TOPIC_NAME_CHARS_MAX: usize = 249;

/// Why no topic can have a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameFault {
    /// It has no characters.
    #[error("a topic's name is not empty")]
    Empty,
    /// It is `.` or `..`.
    #[error("no topic is named `.` or `..`")]
    Dots,
    /// It has too many characters.
    #[error("a topic's name has at most {TOPIC_NAME_CHARS_MAX} characters, this one has {0}")]
    Long(usize),
    /// It has a character that no name has.
    #[error("a topic's name is made of letters, digits, `.`, `_` and `-`, this one has {0:?}")]
    Character(char),
}

/// Checks the name of a topic.
///
/// # Errors
/// Why no topic can have it.
pub fn check_topic_name(name: &str) -> Result<(), TopicNameFault> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let length = name.chars().count();
    if name.is_empty() {
        Err(TopicNameFault::Empty)
    } else if let Some(character) = name.chars().find(|c| !is_legal(*c)) {
        Err(TopicNameFault::Character(character))
    } else if length > TOPIC_NAME_CHARS_MAX {
        Err(TopicNameFault::Long(length))
    } else if name == "." || name == ".." {
        Err(TopicNameFault::Dots)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_kafka_would_take() {
        for name in ["orders", "Order_events.v1-x", "...", &"x".repeat(249)] {
            assert_eq!(check_topic_name(name), Ok(()), "{name}");
        }
        let cases = [
            (String::new(), TopicNameFault::Empty),
            (".".to_owned(), TopicNameFault::Dots),
            ("..".to_owned(), TopicNameFault::Dots),
            ("x".repeat(250), TopicNameFault::Long(250)),
            ("a b".to_owned(), TopicNameFault::Character(' ')),
            ("a\0".to_owned(), TopicNameFault::Character('\0')),
            ("größe".to_owned(), TopicNameFault::Character('ö')),
        ];
        for (name, fault) in cases {
            assert_eq!(check_topic_name(&name), Err(fault), "{name:?}");
        }
    }
}
