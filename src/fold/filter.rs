//! Filters in CEL, the Common Expression Language: which records a person wants to see.
//!
//! Promises: an expression that cannot be meant is refused before anything is read, with the place;
//! one that fails on a record, or is not boolean there, does not match that record, and that is
//! counted and told; only what the expression names is looked at.
//! Does not know: how records are read.
//!
//! The language and its functions: <https://github.com/google/cel-spec>. Integers are 64-bit; a
//! decimal is the nearest double, because the language has no other.

mod budget;
mod fields;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Env, Value as CelValue, extensions};

use self::fields::Fields;
use super::watchdog::Watch;
use crate::decode::text;
use crate::model::{Decoded, EntityId, Number, Position, RecordRef, Value};

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
const FUNCTIONS: [&str; 44] = [
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
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
    "timestamp",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "value",
];

/// How much of an expression is said back that may be long, in characters.
const GIVEN_CHARS: usize = 80;

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
        /// What to write instead, where that can be told.
        hint: Option<String>,
    },
    /// It is nested so deep that reading it would take more than there is.
    #[error("`{given}` is nested too deep for a filter")]
    TooDeep {
        /// How it begins.
        given: String,
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

impl FilterError {
    /// What to write instead, where that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { hint, .. } => hint.clone(),
            Self::TooDeep { .. } | Self::UnknownName { .. } | Self::UnknownFunction { .. } => None,
        }
    }
}

/// How an integer is written that needs all 64 bits, if an expression has one that is not.
fn hint_at_unsigned(expression: &str) -> Option<String> {
    let words = expression.split(|character: char| !character.is_ascii_alphanumeric());
    let fits = |word: &&str| word.parse::<u64>().is_ok_and(|number| i64::try_from(number).is_err());
    words.into_iter().find(fits).map(|word| format!("an integer beyond 2^63 ends in u: {word}u"))
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
    /// The expression, which counts what it takes.
    expression: IdedExpr,
    /// The functions.
    env: Arc<Env>,
    /// The variables it names, in the order of `FILTER_VARIABLES`.
    used: Vec<&'static str>,
    /// What it asks of records.
    fields: Fields,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("used", &self.used).finish_non_exhaustive()
    }
}

/// How a filter fared over the records it was given.
#[derive(Clone, Debug)]
pub struct FilterTally {
    /// What it asks of records.
    fields: Fields,
    /// Records it was given.
    records: u64,
    /// Records on which it failed, which do not match.
    failures: u64,
    /// The first of them, and why.
    first_failure: Option<(Position, String)>,
}

impl FilterTally {
    /// Records on which it failed, which do not match.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// The first record on which it failed, and why.
    pub fn first_failure(&self) -> Option<&(Position, String)> {
        self.first_failure.as_ref()
    }

    /// What may be wrong with the expression, in sentences: fields that no record has, texts where
    /// numbers are meant.
    pub fn notes(&self) -> Vec<String> {
        if self.records == 0 { Vec::new() } else { self.fields.notes() }
    }
}

thread_local! {
    /// Watches over the filters of this thread.
    static WATCH: Watch = Watch::over(&"the filter".into());
}

impl Filter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, with the place.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        if budget::is_too_deep(expression) {
            let given = text::preview(expression.as_bytes(), GIVEN_CHARS);
            return Err(FilterError::TooDeep { given });
        }
        let mut env = Env::stdlib();
        env.add_extension(extensions::strings)
            .expect("the standard library has no strings library yet");
        budget::declare(&mut env);
        let program = env.compile(expression).map_err(|errors| {
            let reason = errors.errors.first().map_or_else(
                || "it is empty".to_owned(),
                |error| format!("{} (line {}, column {})", error.msg, error.pos.0, error.pos.1),
            );
            let hint = hint_at_unsigned(expression);
            FilterError::Syntax { given: expression.to_owned(), reason, hint }
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
        let fields = Fields::of(program.expression());
        let expression = budget::counting(program.expression().clone());
        Ok(Self { expression, env: Arc::new(env), used, fields })
    }

    /// Nothing counted yet.
    pub fn tally(&self) -> FilterTally {
        FilterTally { fields: self.fields.clone(), records: 0, failures: 0, first_failure: None }
    }

    /// Whether the expression is true of this record, counted.
    pub fn matches(&self, input: &FilterInput<'_>, tally: &mut FilterTally) -> bool {
        tally.records += 1;
        tally.fields.look(input.record, input.decoded);
        self.evaluate(input).unwrap_or_else(|reason| {
            tally.failures += 1;
            tally.first_failure.get_or_insert_with(|| (input.record.position(), reason));
            false
        })
    }

    /// What the expression makes of this record.
    ///
    /// # Errors
    /// In words, when it fails on it or is neither true nor false.
    fn evaluate(&self, input: &FilterInput<'_>) -> Result<bool, String> {
        /// How much of a reason is told, in characters: it may repeat the value.
        const REASON_CHARS: usize = 200;
        let mut context = Context::with_env(Arc::clone(&self.env));
        for name in &self.used {
            context.add_variable_from_value(*name, variable(name, input));
        }
        budget::begin();
        let result = WATCH.with(|watch| {
            watch.set_event(input.record.partition().partition, input.record.offset());
            let _turn = watch.begin();
            context.resolve(&self.expression)
        });
        match result {
            Ok(CelValue::Bool(is_true)) => Ok(is_true),
            Ok(other) => Err(format!("it is a {} here, neither true nor false", other.type_of())),
            Err(error) => Err(text::preview(error.to_string().as_bytes(), REASON_CHARS)),
        }
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
