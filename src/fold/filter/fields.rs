//! What a filter asks of records that none of them has: a field that is not there, a text where a
//! number is meant.
//!
//! Promises: a field is looked for only until a record has it; what is kept does not grow with the
//! number of records.
//! Does not know: whether a record matches.

use std::collections::BTreeSet;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use crate::fold::javascript::nearest;
use crate::model::{Decoded, RecordRef, Value};

/// How many names beside a missing one are kept, for a guess at what was meant.
const NAMES_MAX: usize = 1000;

/// Where a field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    /// In the value.
    Value,
    /// Among the headers.
    Headers,
}

impl Root {
    /// As an expression names it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Headers => "headers",
        }
    }
}

/// A field that an expression names: `value.order.status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    /// Where it begins.
    root: Root,
    /// The names and indexes from there.
    names: Vec<String>,
}

impl Field {
    /// The field that an expression is, if it is one.
    fn of(expression: &IdedExpr) -> Option<Self> {
        match &expression.expr {
            Expr::Ident(name) => {
                let root =
                    [Root::Value, Root::Headers].into_iter().find(|root| root.as_str() == name)?;
                Some(Self { root, names: Vec::new() })
            }
            Expr::Select(select) => Some(Self::of(&select.operand)?.with(select.field.clone())),
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [operand, index] = call.args.as_slice() else { return None };
                let name = match &index.expr {
                    Expr::Literal(LiteralValue::String(name)) => name.inner().to_owned(),
                    Expr::Literal(LiteralValue::Int(index)) => index.inner().to_string(),
                    _ => return None,
                };
                Some(Self::of(operand)?.with(name))
            }
            _ => None,
        }
    }

    /// The field of this name in it.
    fn with(mut self, name: String) -> Self {
        self.names.push(name);
        self
    }

    /// As an expression names it.
    fn written(&self) -> String {
        let names = self.names.iter().map(|name| format!(".{name}"));
        std::iter::once(self.root.as_str().to_owned()).chain(names).collect()
    }
}

/// A field that no record had so far.
#[derive(Clone, Debug)]
struct Wanted {
    /// The field.
    field: Field,
    /// Names that stand where the first missing one of it should: up to this depth it is there.
    depth: usize,
    /// Those names.
    beside: BTreeSet<String>,
}

/// A comparison of a field with a literal of another kind than the field has in some records.
#[derive(Clone, Debug)]
struct Compared {
    /// The field.
    field: Field,
    /// Whether the literal is a number; else it is a text.
    with_number: bool,
    /// In how many records the field is of the other kind.
    mistaken: u64,
}

/// What a filter asks of records.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// Fields that no record had so far.
    wanted: Vec<Wanted>,
    /// Comparisons with literals.
    compared: Vec<Compared>,
}

impl Fields {
    /// What an expression asks for.
    pub(super) fn of(expression: &IdedExpr) -> Self {
        let (mut fields, mut found) = (Self::default(), BTreeSet::new());
        fields.collect(expression, &mut found);
        let wanted =
            found.into_iter().map(|field| Wanted { field, depth: 0, beside: BTreeSet::new() });
        fields.wanted = wanted.collect();
        fields
    }

    /// Adds what a part of an expression asks for.
    fn collect(&mut self, expression: &IdedExpr, found: &mut BTreeSet<Field>) {
        if let Some(field) = Field::of(expression).filter(|field| !field.names.is_empty()) {
            found.insert(field);
            return;
        }
        match &expression.expr {
            Expr::Call(call) => {
                self.compare(&call.func_name, &call.args);
                let parts = call.target.as_deref().into_iter().chain(&call.args);
                parts.for_each(|part| self.collect(part, found));
            }
            Expr::Comprehension(comprehension) => {
                self.collect(&comprehension.iter_range, found);
                self.collect(&comprehension.loop_step, found);
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.collect(part, found)),
            Expr::Select(select) => self.collect(&select.operand, found),
            _ => {}
        }
    }

    /// Notes a comparison of a field with a literal.
    fn compare(&mut self, operator: &str, operands: &[IdedExpr]) {
        const COMPARISONS: [&str; 6] = [
            operators::EQUALS,
            operators::NOT_EQUALS,
            operators::LESS,
            operators::LESS_EQUALS,
            operators::GREATER,
            operators::GREATER_EQUALS,
        ];
        let ([one, other], true) = (operands, COMPARISONS.contains(&operator)) else { return };
        for (field, literal) in [(one, other), (other, one)] {
            let with_number = match &literal.expr {
                Expr::Literal(
                    LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_),
                ) => true,
                Expr::Literal(LiteralValue::String(_)) => false,
                _ => continue,
            };
            if let Some(field) = Field::of(field) {
                self.compared.push(Compared { field, with_number, mistaken: 0 });
            }
        }
    }

    /// Looks at a record that was read.
    pub(super) fn look(&mut self, record: RecordRef<'_>, decoded: &Decoded) {
        self.wanted.retain_mut(|wanted| !wanted.is_in(record, decoded));
        for compared in &mut self.compared {
            let value = match compared.field.root {
                Root::Value => decoded.json().and_then(|value| at(value, &compared.field.names)),
                Root::Headers => None,
            };
            let is_mistaken = match value {
                Some(Value::String(_)) => compared.with_number,
                Some(Value::Number(_)) => !compared.with_number,
                _ => false,
            };
            compared.mistaken += u64::from(is_mistaken);
        }
    }

    /// What to say of it, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let missing = self.wanted.iter().map(Wanted::note);
        let mistaken = self.compared.iter().filter(|compared| compared.mistaken > 0);
        missing.chain(mistaken.map(Compared::note)).collect()
    }
}

impl Wanted {
    /// Whether a record has the field. If not, the names are noted that stand in its place.
    fn is_in(&mut self, record: RecordRef<'_>, decoded: &Decoded) -> bool {
        match self.field.root {
            Root::Headers => {
                let wanted = self.field.names.first().map(String::as_str).unwrap_or_default();
                if record.header(wanted).is_some()
                    || record.headers().any(|header| header.name == wanted)
                {
                    return true;
                }
                let names = record.headers().map(|header| header.name.to_owned());
                self.beside.extend(names.take(NAMES_MAX.saturating_sub(self.beside.len())));
                false
            }
            Root::Value => {
                let Some(mut place) = decoded.json() else { return false };
                for (depth, name) in self.field.names.iter().enumerate() {
                    let Some(found) = member(place, name) else {
                        self.note_beside(depth, place);
                        return false;
                    };
                    place = found;
                }
                true
            }
        }
    }

    /// Notes the names that stand at this depth in place of the missing one; the deepest counts.
    fn note_beside(&mut self, depth: usize, place: &Value) {
        let Value::Object(members) = place else { return };
        if depth > self.depth {
            self.depth = depth;
            self.beside.clear();
        }
        if depth == self.depth {
            let room = NAMES_MAX.saturating_sub(self.beside.len());
            self.beside.extend(members.keys().take(room).map(ToString::to_string));
        }
    }

    /// That no record has it, and what may be meant.
    fn note(&self) -> String {
        let field = self.field.written();
        let missing = self.field.names.get(self.depth).map(String::as_str).unwrap_or_default();
        let meant = nearest(missing, self.beside.iter()).map(|near| {
            let mut meant = self.field.clone();
            meant.names.truncate(self.depth + 1);
            if let Some(last) = meant.names.last_mut() {
                last.clone_from(near);
            }
            format!("; is `{}` meant?", meant.written())
        });
        format!("no record has `{field}`{}", meant.unwrap_or_default())
    }
}

impl Compared {
    /// That it is of another kind.
    fn note(&self) -> String {
        let field = self.field.written();
        let records = if self.mistaken == 1 {
            "1 record".to_owned()
        } else {
            format!("{} records", self.mistaken)
        };
        if self.with_number {
            let words = "compared with a number it never matches; write `double(";
            format!("`{field}` is a text in {records}: {words}{field})`")
        } else {
            format!("`{field}` is a number in {records}: compared with a text it never matches")
        }
    }
}

/// What stands at these names and indexes of a value.
fn at<'v>(value: &'v Value, names: &[String]) -> Option<&'v Value> {
    names.iter().try_fold(value, |place, name| member(place, name))
}

/// The member of an object, or the element of an array.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(_) => value.get(name),
        Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}
