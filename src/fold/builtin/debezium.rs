//! The fold `debezium`: the row, or the document, after each change event.
//!
//! Promises: the `op` decides what an event does; a change that says only what it changed is
//! applied to the state before it, and where that cannot be done exactly the event is told and
//! never taken for a delete.
//! Does not know: which connector wrote a topic.
//!
//! The envelope:
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events>;
//! partial updates of documents: the page of the `MongoDB` connector, "update events".

use std::sync::Arc;

use super::{Effect, Fold, delete};
use crate::decode::json;
use crate::model::{Decoded, Event, Object, Value};

/// What stands in place of a large value that an update left alone: as it is configured by default,
/// and the same in base64 for columns of bytes.
const UNAVAILABLE: [&str; 2] =
    ["__debezium_unavailable_value", "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="];

/// The row after a Debezium change event, whether or not it stands in an envelope with its schema.
#[derive(Debug)]
pub(super) struct Debezium;

impl Fold for Debezium {
    fn name(&self) -> &'static str {
        "debezium"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        let value = match &event.value {
            Decoded::Json { value, .. } => value,
            Decoded::Tombstone => return delete(state),
            Decoded::Failed { .. } => return Effect::Undecodable,
            _ => return Effect::NotApplicable("its value is no change event of Debezium"),
        };
        let in_envelope = value.get("schema").is_some();
        let change = value.get("payload").filter(|_| in_envelope).unwrap_or(value);
        if in_envelope && change.is_null() {
            return delete(state);
        }
        match change.get("op").and_then(Value::as_str) {
            Some("c" | "r" | "u") => update(state, change),
            // A truncated table has no rows; the event is of this entity when the mapping says so.
            Some("d" | "t") => delete(state),
            Some("m") => Effect::NotApplicable("it is a message and changes no row"),
            Some(_) => Effect::NotApplicable("its `op` is none of c, r, u, d, t, m"),
            None => match change.get("after") {
                Some(image @ Value::Object(_)) => put_image(state, image, change),
                _ => Effect::NotApplicable("its value is no change event of Debezium"),
            },
        }
    }
}

/// Applies an event that says the row is there: by its image, else by what it says was changed.
fn update(state: &mut Value, change: &Value) -> Effect {
    match change.get("after") {
        Some(image @ Value::Object(_)) => return put_image(state, image, change),
        Some(Value::String(text)) => {
            return match json::parse(text.as_bytes()) {
                Ok(parsed) if parsed.value.as_object().is_some() => {
                    put_image(state, &parsed.value, change)
                }
                _ => Effect::NotApplicable("its `after` is a text that holds no JSON object"),
            };
        }
        Some(Value::Null) | None => {}
        Some(_) => return Effect::NotApplicable("its `after` is no row"),
    }
    let present = |name| change.get(name).filter(|value| !value.is_null());
    match (present("updateDescription"), present("patch")) {
        (Some(description), _) => apply_description(state, description),
        (None, Some(patch)) => apply_patch(state, patch),
        (None, None) => {
            Effect::NotApplicable("it has no `after` and says of no field what became of it")
        }
    }
}

/// Puts the image of a row. What the image leaves open is as it was before.
fn put_image(state: &mut Value, image: &Value, change: &Value) -> Effect {
    let Some(members) = image.as_object().filter(|row| row.values().any(is_unavailable)) else {
        *state = image.clone();
        return Effect::Applied;
    };
    let before = change.get("before");
    let known = |name: &Arc<str>| {
        let known = state.get(name).or_else(|| before?.get(name));
        known.filter(|value| !is_unavailable(value)).cloned()
    };
    let mut row = Object::default();
    for (name, value) in members {
        let value = if is_unavailable(value) { known(name) } else { Some(value.clone()) };
        row.extend(value.map(|value| (Arc::clone(name), value)));
    }
    assert!(row.len() <= members.len(), "a row has the members of its image");
    let is_whole = row.len() == members.len();
    *state = Value::Object(Arc::new(row));
    if is_whole {
        Effect::Applied
    } else {
        Effect::Partly("it leaves out a large value that no event before it tells")
    }
}

/// Whether a value says only that it was left out: the placeholder, alone or as the one element or
/// member.
fn is_unavailable(value: &Value) -> bool {
    match value {
        Value::String(text) => UNAVAILABLE.contains(&&**text),
        Value::Array(elements) => matches!(&**elements, [only] if is_unavailable(only)),
        Value::Object(members) => {
            members.len() == 1 && members.keys().all(|name| UNAVAILABLE.contains(&&**name))
        }
        _ => false,
    }
}

/// What a partial update without the document before it comes to.
const UNKNOWN_BEFORE: Effect =
    Effect::NotApplicable("it says only what changed, and the document before it is not known");

/// Applies what `MongoDB`'s change stream says of an update.
fn apply_description(state: &mut Value, description: &Value) -> Effect {
    const UNREADABLE: Effect = Effect::NotApplicable("its `updateDescription` cannot be read");
    let Some(updated) = object_in(description.get("updatedFields")) else { return UNREADABLE };
    let removed: Option<Vec<&str>> = match description.get("removedFields") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(paths)) => paths.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let Some(removed) = removed else { return UNREADABLE };
    let truncated = match description.get("truncatedArrays") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(truncated)) => &**truncated,
        Some(_) => return UNREADABLE,
    };
    if state.as_object().is_none() {
        return UNKNOWN_BEFORE;
    }
    let mut after = state.clone();
    let cuts = truncated.iter().map(|cut| truncate(&mut after, cut));
    let applied = cuts.collect::<Option<Vec<()>>>().is_some()
        && updated.iter().all(|(path, value)| set(&mut after, path, value))
        && removed.iter().all(|path| unset(&mut after, path));
    if !applied {
        return Effect::NotApplicable(
            "its `updateDescription` does not fit the document before it",
        );
    }
    *state = after;
    Effect::Applied
}

/// Applies an entry of `MongoDB`'s oplog, as older connectors hand it on.
fn apply_patch(state: &mut Value, patch: &Value) -> Effect {
    let Some(patch) = object_in(Some(patch)) else {
        return Effect::NotApplicable("its `patch` is no JSON object");
    };
    if !patch.keys().any(|name| name.starts_with('$')) {
        // Without operators it is the whole document.
        *state = Value::Object(Arc::new(patch));
        return Effect::Applied;
    }
    let is_known = |name: &Arc<str>| matches!(&**name, "$v" | "$set" | "$unset");
    if !patch.keys().all(is_known) {
        return Effect::NotApplicable("its `patch` is in a form other than $set and $unset");
    }
    if state.as_object().is_none() {
        return UNKNOWN_BEFORE;
    }
    let members =
        |name: &str| patch.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut after = state.clone();
    let applied = members("$set").iter().all(|(path, value)| set(&mut after, path, value))
        && members("$unset").keys().all(|path| unset(&mut after, path));
    if !applied {
        return Effect::NotApplicable("its `patch` does not fit the document before it");
    }
    *state = after;
    Effect::Applied
}

/// An object, or the object that a text holds; an absent one is empty.
fn object_in(value: Option<&Value>) -> Option<Object> {
    match value {
        None | Some(Value::Null) => Some(Object::default()),
        Some(Value::Object(members)) => Some((**members).clone()),
        Some(Value::String(text)) => json::parse(text.as_bytes()).ok()?.value.as_object().cloned(),
        Some(_) => None,
    }
}

/// Puts a value at a dotted path; `false` where the path leads through what is neither object nor
/// array.
fn set(target: &mut Value, path: &str, value: &Value) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let place = match target {
        Value::Object(members) => Arc::make_mut(members).entry(name.into()).or_default(),
        Value::Array(elements) => {
            let Ok(index) = name.parse::<usize>() else { return false };
            // MongoDB says what became of elements that are there, or of the one behind them.
            if index > elements.len() {
                return false;
            }
            let mut grown = elements.to_vec();
            if index == grown.len() {
                grown.push(Value::Null);
            }
            let put = put(&mut grown[index], rest, value);
            *elements = grown.into();
            return put;
        }
        _ => return false,
    };
    put(place, rest, value)
}

/// Puts a value in a place, or at a path below it, which becomes an object where nothing is.
fn put(place: &mut Value, below: Option<&str>, value: &Value) -> bool {
    let Some(path) = below else {
        *place = value.clone();
        return true;
    };
    if place.is_null() {
        *place = Value::object::<&str>([]);
    }
    set(place, path, value)
}

/// Takes away what stands at a dotted path; `false` where the path does not lead through objects.
/// What is not there is away already.
fn unset(target: &mut Value, path: &str) -> bool {
    let Value::Object(members) = target else { return false };
    let members = Arc::make_mut(members);
    match path.split_once('.') {
        None => {
            members.shift_remove(path);
            true
        }
        Some((name, rest)) => members.get_mut(name).is_none_or(|member| unset(member, rest)),
    }
}

/// Shortens an array of a document as an entry of `truncatedArrays` says.
fn truncate(target: &mut Value, cut: &Value) -> Option<()> {
    let Some(Value::Number(size)) = cut.get("size") else { return None };
    let size = usize::try_from(size.as_i64()?).ok()?;
    let mut place = &mut *target;
    for name in cut.get("field")?.as_str()?.split('.') {
        let Value::Object(members) = place else { return None };
        place = Arc::make_mut(members).get_mut(name)?;
    }
    let Value::Array(elements) = place else { return None };
    *elements = elements.iter().take(size).cloned().collect();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::testing::{events, value};

    /// The state after these events and what the last of them did.
    fn after(bodies: &[&str]) -> (String, Effect) {
        let (mut state, mut effect) = (Value::Null, Effect::Applied);
        let bodies: Vec<Option<&str>> = bodies.iter().copied().map(Some).collect();
        for event in events(&bodies) {
            effect = Debezium.apply(&mut state, &event);
        }
        (state.to_json(), effect)
    }

    /// The first image of a document with a nested object and an array.
    const CREATED: &str =
        r#"{"op":"c","after":"{\"_id\":1,\"a\":{\"b\":1,\"c\":2},\"list\":[1,2,3]}"}"#;

    #[test]
    fn an_update_without_an_image_is_no_delete() {
        let created = r#"{"op":"c","after":{"a":1}}"#;
        for update in [
            r#"{"op":"u","before":null,"after":null}"#,
            r#"{"op":"u"}"#,
            r#"{"op":"u","after":"no row"}"#,
            r#"{"op":"u","after":[1]}"#,
            r#"{"op":"x","after":{"a":2}}"#,
            r#"{"after":null}"#,
        ] {
            let (state, effect) = after(&[created, update]);
            assert_eq!(state, r#"{"a":1}"#, "{update}");
            assert!(matches!(effect, Effect::NotApplicable(_)), "{update}: {effect:?}");
        }
        assert_eq!(after(&[created, r#"{"op":"t"}"#]).0, "null", "a truncated table has no rows");
    }

    #[test]
    fn an_image_that_is_a_text_is_the_document_in_it() {
        let (state, effect) = after(&[CREATED]);
        assert_eq!(state, r#"{"_id":1,"a":{"b":1,"c":2},"list":[1,2,3]}"#);
        assert_eq!(effect, Effect::Applied);
    }

    #[test]
    fn a_partial_update_is_applied_to_the_document_before_it() {
        let update = r#"{"op":"u","after":null,"updateDescription":{
            "updatedFields":"{\"a.b\":7,\"list.1\":5,\"new.x\":1.10}",
            "removedFields":["a.c","gone"],"truncatedArrays":[{"field":"list","size":2}]}}"#;
        let (state, effect) = after(&[CREATED, update]);
        assert_eq!(state, r#"{"_id":1,"a":{"b":7},"list":[1,5],"new":{"x":1.10}}"#);
        assert_eq!(effect, Effect::Applied);
        assert_eq!(after(&[update]), ("null".to_owned(), UNKNOWN_BEFORE));
        let astray = r#"{"op":"u","updateDescription":{"updatedFields":"{\"_id.b\":7}"}}"#;
        let (state, effect) = after(&[CREATED, astray]);
        assert_eq!(state, after(&[CREATED]).0, "all of it or nothing");
        assert!(matches!(effect, Effect::NotApplicable(_)));
    }

    #[test]
    fn a_patch_of_the_oplog_is_applied_or_told() {
        let patch =
            r#"{"op":"u","patch":"{\"$v\":1,\"$set\":{\"a.b\":9},\"$unset\":{\"list\":true}}"}"#;
        assert_eq!(after(&[CREATED, patch]).0, r#"{"_id":1,"a":{"b":9,"c":2}}"#);
        let whole = r#"{"op":"u","patch":"{\"_id\":1,\"z\":0}"}"#;
        assert_eq!(after(&[CREATED, whole]).0, r#"{"_id":1,"z":0}"#);
        let other = r#"{"op":"u","patch":"{\"$v\":2,\"diff\":{\"u\":{\"z\":0}}}"}"#;
        assert!(matches!(after(&[CREATED, other]).1, Effect::NotApplicable(_)));
    }

    #[test]
    fn a_value_that_was_left_out_is_the_one_before_or_is_told() {
        let created = r#"{"op":"c","after":{"id":1,"big":"text","n":1}}"#;
        let update = r#"{"op":"u","after":{"id":1,"big":"__debezium_unavailable_value","n":2}}"#;
        assert_eq!(
            after(&[created, update]),
            (r#"{"id":1,"big":"text","n":2}"#.to_owned(), Effect::Applied)
        );
        let (state, effect) = after(&[update]);
        assert_eq!(state, r#"{"id":1,"n":2}"#);
        assert!(matches!(effect, Effect::Partly(_)), "{effect:?}");
        for placeholder in [
            r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#,
            r#"["__debezium_unavailable_value"]"#,
            r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#,
        ] {
            assert!(is_unavailable(&value(placeholder)), "{placeholder}");
        }
    }
}
