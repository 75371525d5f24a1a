//! `entities`: which entities there are, and how many events each has.
//!
//! Promises: one line for each entity, those with the most events first; records that belong to
//! none are mentioned.
//! Does not know: how entities are counted.

use serde::Serialize;

use super::args::EntitiesArgs;
use super::context::{Context, topics};
use super::lines::{SummaryLine, completeness_text};
use super::output::{Align, Table};
use super::progress::Progress;
use super::{CommandError, Outcome, report};
use crate::entity::Selector;
use crate::evidence::json_line::record_time;
use crate::model::{Completeness, EntityId, Verdict};
use crate::workspace::{CONFIG_FILE, EntityCount, EntityCountQuestion, EntityCounts};

/// An entity.
#[derive(Debug, Serialize)]
struct EntityLine<'a> {
    /// Its id.
    entity: &'a EntityId,
    /// How many events it has.
    events: u64,
    /// The time of the first in log order.
    first: Option<String>,
    /// The time of the last in log order.
    last: Option<String>,
    /// The topics its events are in.
    topics: &'a [std::sync::Arc<str>],
    /// How much of the history the count rests on.
    completeness: &'a Completeness,
}

impl<'a> EntityLine<'a> {
    /// The line of an entity.
    fn new(count: &'a EntityCount, completeness: &'a Completeness) -> Self {
        Self {
            entity: &count.entity,
            events: count.events,
            first: record_time(count.first_ms),
            last: record_time(count.last_ms),
            topics: &count.topics,
            completeness,
        }
    }
}

/// The last line, where records belong to no entity.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    /// How many entities there are, shown or not.
    entities: u64,
    /// Records that belong to none.
    without_entity: u64,
    /// Why, and what would make an id of them.
    hint: &'a str,
    /// Records the log delivered.
    scanned: u64,
    /// How much of the history the counts rest on.
    completeness: &'a Completeness,
}

/// Why records belong to no entity, and what would make an id of them; `None` where all belong to
/// one.
fn hint_at_ids(counts: &EntityCounts) -> Option<String> {
    let (topic, selector) = counts.looked_for.first()?;
    let why = match selector {
        Selector::Key => "their key is null".to_owned(),
        selector => format!("there is nothing at `{selector}`"),
    };
    let records = match counts.without_entity {
        1 => "1 record belongs".to_owned(),
        count => format!("{count} records belong"),
    };
    let example = format!(
        "an id may stand elsewhere: name it in {CONFIG_FILE}, such as [entity.NAME] topics = [\"{topic}\"] \
         id = \"value:/id\" or \"header:NAME\""
    );
    Some(format!("{records} to no entity, because {why}; {example}"))
}

/// Lists entities.
pub(super) fn run(args: EntitiesArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let question = EntityCountQuestion {
        topics: topics(&args.topics),
        partitions: args.topics.partitions,
        contains: args.contains,
        top: args.top,
    };
    let progress = Progress::new(false);
    let counts = context.session()?.entities(&question, &mut |event| progress.see(event));
    progress.finish();
    let counts = counts?;
    // Who looks for some ids does not ask for what has none.
    let hint = hint_at_ids(&counts).filter(|_| question.contains.is_none());
    let output = &mut context.output;
    if output.is_json() {
        for count in &counts.entities {
            output.json(&EntityLine::new(count, &counts.completeness))?;
        }
        if let Some(hint) = &hint {
            let summary = Summary {
                entities: counts.total,
                without_entity: counts.without_entity,
                hint,
                scanned: counts.scanned,
                completeness: &counts.completeness,
            };
            output.json(&SummaryLine { summary })?;
        }
        if counts.completeness.verdict != Verdict::Complete {
            report::warning(&completeness_text(&counts.completeness).join("\n"));
        }
    } else {
        let mut table = Table::new(&[
            ("ENTITY", Align::Left),
            ("EVENTS", Align::Right),
            ("FIRST", Align::Left),
            ("LAST", Align::Left),
            ("TOPICS", Align::Left),
        ]);
        for count in &counts.entities {
            table.push([
                count.entity.to_string(),
                count.events.to_string(),
                record_time(count.first_ms).unwrap_or_default(),
                record_time(count.last_ms).unwrap_or_default(),
                count.topics.join(", "),
            ]);
        }
        output.table(&table)?;
        output.text("")?;
        output.text(format!("{} of {} entities", counts.entities.len(), counts.total))?;
        hint.iter().try_for_each(|hint| output.text(hint))?;
        completeness_text(&counts.completeness).iter().try_for_each(|line| output.text(line))?;
    }
    Ok(context.outcome(&counts.completeness))
}
