//! Paths into JSON values, written as RFC 6901 pointers.
//!
//! Promises: `~` and `/` in member names survive; the empty pointer is the whole value.
//! Does not know: whether a value has anything at the path.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Value;

/// A path into a JSON value. Invariant: the text is empty or starts with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonPointer(Arc<str>);

impl JsonPointer {
    /// The whole value.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a pointer; `None` when the text neither is empty nor starts with `/`, or has a `~`
    /// that stands for nothing (RFC 6901, section 3: `~0` and `~1` alone do).
    pub fn parse(text: &str) -> Option<Self> {
        let is_escaped = |rest: &str| rest.starts_with(['0', '1']);
        let is_legal =
            (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(is_escaped);
        is_legal.then(|| Self(text.into()))
    }

    /// The pointer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path to the member with this name of the object at this path.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        if name.contains(['~', '/']) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            return Self(format!("{}/{escaped}", self.0).into());
        }
        Self(format!("{}/{name}", self.0).into())
    }

    /// The path to the element with this index of the array at this path.
    #[must_use]
    pub fn element(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0).into())
    }

    /// The member names and indexes of the path, unescaped, outermost first.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(|token| {
            if token.contains('~') {
                Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(token)
            }
        })
    }

    /// The last member name or index, unescaped; `None` for the whole value.
    pub fn last_token(&self) -> Option<String> {
        self.tokens().last().map(Cow::into_owned)
    }

    /// The path to what encloses this one; `None` for the whole value.
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').and_then(|slash| self.0.get(..slash)).map(|text| Self(text.into()))
    }

    /// Whether this path leads to the other one or to something that encloses it.
    pub fn encloses(&self, other: &Self) -> bool {
        other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What stands at this path of the value; `None` when there is nothing.
    pub fn resolve<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.tokens().try_fold(value, |value, token| match value {
            Value::Object(members) => members.get(&*token),
            Value::Array(elements) => array_index(&token).and_then(|index| elements.get(index)),
            _ => None,
        })
    }
}

/// The array index a token names: digits without leading zeros (RFC 6901, section 4).
fn array_index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    canonical.then(|| token.parse().ok()).flatten()
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for JsonPointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JsonPointer {
    /// What `Serialize` wrote.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a JSON pointer begins with /"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_names_with_slashes_and_tildes_survive() {
        let path = JsonPointer::root().member("a/b").member("~1").element(3);
        assert_eq!(path.as_str(), "/a~1b/~01/3");
        assert_eq!(path.tokens().collect::<Vec<_>>(), ["a/b", "~1", "3"]);
        assert_eq!(path.parent().unwrap().last_token().unwrap(), "~1");
    }

    #[test]
    fn a_path_encloses_itself_and_what_lies_below_but_no_namesake() {
        let path = JsonPointer::parse("/a").unwrap();
        assert!(path.encloses(&path) && path.encloses(&path.member("b")), "itself and below");
        assert!(
            !path.encloses(&JsonPointer::parse("/ab").unwrap()),
            "a longer name is another member"
        );
        assert!(JsonPointer::root().encloses(&path), "the whole value encloses all");
    }

    #[test]
    fn a_text_without_leading_slash_is_no_pointer() {
        assert_eq!(JsonPointer::parse("a"), None);
        assert_eq!(JsonPointer::parse(""), Some(JsonPointer::root()));
    }

    #[test]
    fn a_tilde_that_stands_for_nothing_is_no_pointer() {
        for text in ["/a~2", "/a~", "/~/0", "/~~0"] {
            assert_eq!(JsonPointer::parse(text), None, "{text}");
        }
        assert!(JsonPointer::parse("/a~0b~1c").is_some());
    }
}
