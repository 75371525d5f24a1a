//! How much an expression may take on one record.
//!
//! Promises: an expression that goes on and on, as macros within each other do, ends with an error.
//! Does not know: what an expression means. What one step takes is bounded by what a record holds.
//!
//! The library counts nothing, but every macro asks for the list it walks: that list is handed
//! through a function of our own, which counts its elements.

use std::cell::Cell;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr};
use cel::common::types::DYN_TYPE;
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};

/// How many elements the macros of an expression may walk on one record.
const MOST_ELEMENTS: u64 = 200_000;

/// How deep expressions may be nested. The library reads and evaluates them by calling itself,
/// without a limit of its own.
const DEEPEST: usize = 150;

/// What a bracket counts for: between two of them lie all the kinds of operators.
const BRACKET: usize = 4;

/// Whether an expression may be nested too deep to be read: a bracket or an operator more within
/// the same part is a level more.
pub(super) fn is_too_deep(expression: &str) -> bool {
    let mut levels = vec![0_usize];
    let mut depth = 0;
    let mut quote = None;
    let mut escaped = false;
    for byte in expression.bytes() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => {
                levels.push(0);
                depth += BRACKET;
            }
            (None, b')' | b']' | b'}') if levels.len() > 1 => {
                depth -= levels.pop().unwrap_or_default() + BRACKET;
                // What is called or indexed can be called or indexed again.
                depth += 1;
                *levels.last_mut().expect("the outermost level stays") += 1;
            }
            // Its sides are apart from each other, however many there are.
            (None, b',' | b'|' | b'&') => {
                depth -= std::mem::take(levels.last_mut().expect("the outermost level stays"));
            }
            (None, b'.' | b'!' | b'-' | b'+' | b'*' | b'/' | b'%' | b'?' | b'<' | b'>' | b'=') => {
                depth += 1;
                *levels.last_mut().expect("the outermost level stays") += 1;
            }
            (None, _) => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The name of the function that counts, which no expression can name.
const COUNT: &str = "@count";

thread_local! {
    /// How many more elements may be walked.
    static LEFT: Cell<u64> = const { Cell::new(MOST_ELEMENTS) };
}

/// Begins to look at a record.
pub(super) fn begin() {
    LEFT.set(MOST_ELEMENTS);
}

/// Lets an environment count.
pub(super) fn declare(env: &mut Env) {
    env.add_overload(COUNT, "count_dyn", vec![DYN_TYPE], count)
        .expect("nothing else has this name");
}

/// Counts the elements of what it is given, and gives it back.
fn count<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let walked = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let size = walked.as_sizer().map_or(0, |sizer| *sizer.size().inner());
    let size = u64::try_from(size).unwrap_or(0) + 1;
    match LEFT.get().checked_sub(size) {
        Some(left) => {
            LEFT.set(left);
            Ok(walked)
        }
        None => Err(ExecutionError::InternalError(format!(
            "it takes more than {MOST_ELEMENTS} steps on this record"
        ))),
    }
}

/// The same expression, which counts.
pub(super) fn counting(mut expression: IdedExpr) -> IdedExpr {
    rewrite(&mut expression);
    expression
}

/// Lets every macro of an expression count.
fn rewrite(expression: &mut IdedExpr) {
    let parts: Vec<&mut IdedExpr> = match &mut expression.expr {
        Expr::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).collect(),
        Expr::Comprehension(comprehension) => {
            let id = comprehension.iter_range.id;
            let walked = std::mem::take(&mut comprehension.iter_range);
            let call = CallExpr { func_name: COUNT.to_owned(), target: None, args: vec![walked] };
            comprehension.iter_range = IdedExpr { id, expr: Expr::Call(call) };
            vec![
                &mut comprehension.iter_range,
                &mut comprehension.accu_init,
                &mut comprehension.loop_cond,
                &mut comprehension.loop_step,
                &mut comprehension.result,
            ]
        }
        Expr::List(list) => list.elements.iter_mut().collect(),
        Expr::Select(select) => vec![&mut select.operand],
        Expr::Map(map) => {
            map.entries.iter_mut().flat_map(|entry| parts_of(&mut entry.expr)).collect()
        }
        Expr::Struct(made) => {
            made.entries.iter_mut().flat_map(|entry| parts_of(&mut entry.expr)).collect()
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    };
    parts.into_iter().for_each(rewrite);
}

/// The expressions of an entry of a map or a structure.
fn parts_of(entry: &mut EntryExpr) -> Vec<&mut IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}
