//! Filters in CEL, the Common Expression Language: which records a person wants to see.
//!
//! Promises: an expression that cannot be meant is refused before anything is read, with the place; one that fails on a
//! record, or is not boolean there, does not match that record; only what the expression names is looked at.
//! Does not know: how records are read.
//!
//! The language and its functions: <https://github.com/google/cel-spec>. Integers are 64-bit; a decimal is the nearest
//! double, because the language has no other.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Env, Program, Value as CelValue, extensions};

use crate::model::{Decoded, EntityId, Number, RecordRef, Value};

/// What an expression may name.
pub const FILTER_VARIABLES: [&str; 10] = [
    "topic",
    "partition",
    "offset",
    "timestamp",
    "key",
    "value",
    "headers",
    "type",
    "entity",
    "txn",
];

/// The named functions of the language and of its strings library, as this program has them.
const FUNCTIONS: [&str; 32] = [
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "matches",
    "none",
    "of",
    "ofNonZeroValue",
    "or",
    "orValue",
    "quote",
    "replace",
    "reverse",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "value",
];

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It does not follow the grammar.
    #[error("`{given}` is no CEL expression: {reason}")]
    Syntax {
        /// What was given.
        given: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// It names what a record does not have.
    #[error("`{name}` is not known in a filter: a record has {}", FILTER_VARIABLES.join(", "))]
    UnknownName {
        /// The name.
        name: String,
    },
    /// It calls what the language does not have.
    #[error("`{name}()` is no function of CEL")]
    UnknownFunction {
        /// The name.
        name: String,
    },
}

/// A record as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct FilterInput<'a> {
    /// The record.
    pub record: RecordRef<'a>,
    /// Its value, decoded.
    pub decoded: &'a Decoded,
    /// The event type, when the mapping finds one.
    pub event_type: Option<&'a str>,
    /// The entity the record belongs to.
    pub entity: Option<&'a EntityId>,
}

/// A compiled expression.
pub struct Filter {
    /// The expression.
    program: Program,
    /// The functions.
    env: Arc<Env>,
    /// The variables it names, in the order of `FILTER_VARIABLES`.
    used: Vec<&'static str>,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("used", &self.used).finish_non_exhaustive()
    }
}

impl Filter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, with the place.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        let mut env = Env::stdlib();
        env.add_extension(extensions::strings)
            .expect("the standard library has no strings library yet");
        let program = env.compile(expression).map_err(|errors| {
            let reason = errors.errors.first().map_or_else(
                || "it is empty".to_owned(),
                |error| format!("{} (line {}, column {})", error.msg, error.pos.0, error.pos.1),
            );
            FilterError::Syntax { given: expression.to_owned(), reason }
        })?;
        let mut names = Names::default();
        names.collect(program.expression(), &mut Vec::new());
        let is_type = |name: &str| env.types().find_type(name).is_some();
        let unknown = names
            .variables
            .iter()
            .find(|name| !FILTER_VARIABLES.contains(&name.as_str()) && !is_type(name));
        if let Some(name) = unknown {
            return Err(FilterError::UnknownName { name: name.clone() });
        }
        let unknown = names.functions.iter().find(|name| !FUNCTIONS.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(FilterError::UnknownFunction { name: name.clone() });
        }
        let used =
            FILTER_VARIABLES.into_iter().filter(|name| names.variables.contains(*name)).collect();
        Ok(Self { program, env: Arc::new(env), used })
    }

    /// Whether the expression is true of this record.
    pub fn matches(&self, input: &FilterInput<'_>) -> bool {
        let mut context = Context::with_env(Arc::clone(&self.env));
        for name in &self.used {
            context.add_variable_from_value(*name, variable(name, input));
        }
        matches!(self.program.execute(&context), Ok(CelValue::Bool(true)))
    }
}

/// The names an expression needs from outside.
#[derive(Debug, Default)]
struct Names {
    /// Variables that no macro of the expression binds.
    variables: BTreeSet<String>,
    /// Functions that are called by name; operators are not.
    functions: BTreeSet<String>,
}

impl Names {
    /// Adds the names of an expression in which these are bound.
    fn collect(&mut self, expression: &IdedExpr, bound: &mut Vec<String>) {
        match &expression.expr {
            Expr::Ident(name) if !bound.contains(name) && !name.starts_with('@') => {
                self.variables.insert(name.clone());
            }
            Expr::Call(call) => {
                if call.func_name.starts_with(|first: char| first.is_ascii_alphabetic()) {
                    self.functions.insert(call.func_name.clone());
                }
                let is_namespace = |target: &IdedExpr| matches!(&target.expr, Expr::Ident(name) if name == "optional" || name == "strings");
                if let Some(target) = call.target.as_deref().filter(|target| !is_namespace(target))
                {
                    self.collect(target, bound);
                }
                self.collect_all(&call.args, bound);
            }
            Expr::Comprehension(comprehension) => {
                self.collect(&comprehension.iter_range, bound);
                self.collect(&comprehension.accu_init, bound);
                let outer = bound.len();
                bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
                bound.extend(comprehension.iter_var2.clone());
                self.collect(&comprehension.loop_cond, bound);
                self.collect(&comprehension.loop_step, bound);
                self.collect(&comprehension.result, bound);
                bound.truncate(outer);
            }
            Expr::List(list) => self.collect_all(&list.elements, bound),
            Expr::Select(select) => self.collect(&select.operand, bound),
            Expr::Map(map) => {
                self.collect_entries(map.entries.iter().map(|entry| &entry.expr), bound);
            }
            Expr::Struct(made) => {
                self.collect_entries(made.entries.iter().map(|entry| &entry.expr), bound);
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    /// Adds the names of several expressions.
    fn collect_all(&mut self, expressions: &[IdedExpr], bound: &mut Vec<String>) {
        for expression in expressions {
            self.collect(expression, bound);
        }
    }

    /// Adds the names of the entries of a map or a structure.
    fn collect_entries<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a EntryExpr>,
        bound: &mut Vec<String>,
    ) {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.collect(&field.value, bound),
                EntryExpr::MapEntry(entry) => {
                    self.collect(&entry.key, bound);
                    self.collect(&entry.value, bound);
                }
            }
        }
    }
}

/// What a variable stands for in this record.
fn variable(name: &str, input: &FilterInput<'_>) -> CelValue {
    let record = input.record;
    match name {
        "topic" => CelValue::from(&*record.partition().topic),
        "partition" => CelValue::Int(record.partition().partition.into()),
        "offset" => CelValue::Int(record.offset()),
        "timestamp" => CelValue::Int(record.timestamp_ms()),
        "key" => text_or_bytes(record.key()),
        "value" => decoded_value(input.decoded),
        "headers" => headers(record),
        "type" => input.event_type.map_or(CelValue::Null, CelValue::from),
        "entity" => text_or_bytes(input.entity.map(EntityId::as_bytes)),
        "txn" => CelValue::from(record.transaction().as_str()),
        _ => CelValue::Null,
    }
}

/// Text where the bytes are UTF-8, else the bytes; null for none.
fn text_or_bytes(bytes: Option<&[u8]>) -> CelValue {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => CelValue::Null,
        Some((_, Ok(text))) => CelValue::from(text),
        Some((bytes, Err(_))) => CelValue::from(bytes.to_vec()),
    }
}

/// Header names and the last value of each.
fn headers(record: RecordRef<'_>) -> CelValue {
    let last: HashMap<String, CelValue> = record
        .headers()
        .map(|header| (header.name.to_owned(), text_or_bytes(header.value)))
        .collect();
    CelValue::from(last)
}

/// A record's value.
fn decoded_value(decoded: &Decoded) -> CelValue {
    match decoded {
        Decoded::Tombstone => CelValue::Null,
        Decoded::Empty => CelValue::from(""),
        Decoded::Json { value, .. } => json_value(value),
        Decoded::Text(text) => CelValue::from(&**text),
        Decoded::Bytes(bytes) | Decoded::Failed { raw: bytes, .. } => text_or_bytes(Some(bytes)),
    }
}

/// A JSON value.
fn json_value(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Number(number) => number_value(number),
        Value::String(text) => CelValue::from(&**text),
        Value::Array(elements) => {
            CelValue::List(Arc::new(elements.iter().map(json_value).collect()))
        }
        Value::Object(members) => {
            let map: HashMap<String, CelValue> = members
                .iter()
                .map(|(name, member)| (name.to_string(), json_value(member)))
                .collect();
            CelValue::from(map)
        }
    }
}

/// A number: an integer where it is one of 64 bits exactly, else the nearest double.
fn number_value(number: &Number) -> CelValue {
    if let Some(integer) = number.as_i64() {
        return CelValue::Int(integer);
    }
    if let Ok(integer) = number.as_str().parse() {
        return CelValue::UInt(integer);
    }
    number.as_str().parse().map_or(CelValue::Null, CelValue::Float)
}

#[cfg(test)]
mod tests;
