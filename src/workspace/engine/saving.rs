//! Saving what is open into a file, off the engine's thread, as a job.
//!
//! Promises: what is saved is what the window shows, whole, as it stood when it was asked for; a
//! cancelled job leaves no file; where something on disk could not be read, nothing is saved that
//! lacks it.
//! Does not know: how files are written (`evidence::save`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entity_fold::selection_at;
use super::one_clock::OneClock;
use super::reading::Reading;
use super::rows::{Predicate, RowsQuestion};
use super::types::so_far;
use super::{EngineOptions, Outbox, State};
use crate::evidence::CopiedRecord;
use crate::evidence::save::{
    Head, SaveTo, SaveWhat, Saved, Turns, records_file, save_changes, save_of_entity,
};
use crate::fold::Selection;
use crate::model::{Cancel, Completeness, OffsetRange, PartitionRead, Value};
use crate::partition_log::LogSnapshot;
use crate::workspace::clock::now_ms;
use crate::workspace::{
    CompareSide, EntityKey, EntityView, Failure, FailureKind, NoticeLevel, Problem, RecordFilter,
    SaveOf, time_text,
};

/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Hears how many of how many rows are done.
type Tell<'t> = &'t mut dyn FnMut(u64, u64);

/// Something to save: the job, on a thread of its own.
type Work = Box<dyn FnOnce(&SaveTo, &Cancel, Tell<'_>) -> Result<Saved, Failure> + Send>;

impl State {
    /// Saves something that is open.
    pub(crate) fn save(&mut self, of: &SaveOf, to: &SaveTo) {
        let work = match of {
            SaveOf::Records(topic) => self.records_work(topic),
            SaveOf::History(key) | SaveOf::States(key) | SaveOf::State(key) | SaveOf::Diff(key) => {
                self.entity_work(of, key)
            }
        };
        let Some(work) = work else {
            let problem = Problem::new(format!("there is no {} of {} yet", of.name(), of.of()));
            return self.notify(NoticeLevel::Warning, problem.with_hint("try again when it shows"));
        };
        let title = format!("Saving the {} of {}", of.name(), of.of());
        let (job, cancel) = self.jobs.start(title, now_ms());
        let to = SaveTo { path: whole_path(&to.path, &folder(&self.options)), ..*to };
        let subject: Arc<str> = of.of().into();
        let asked = Arc::clone(&subject);
        let save = move |outbox: &Outbox| {
            let mut told = Instant::now();
            work(&to, &cancel, &mut |done, all| {
                if told.elapsed() >= TELL_EVERY {
                    told = Instant::now();
                    let read = so_far(&asked, done, all);
                    // A window that is gone needs no news.
                    outbox.send(move |state| state.jobs.progress(job, &[read], now_ms()));
                }
            })
        };
        self.spawn("save", Some(job), save, move |state, saved| {
            let failed = |failure: Failure| match failure.kind {
                FailureKind::Cancelled => None,
                _ => Some(failure.problem),
            };
            let problem = match saved.map(|saved| saved.map_err(failed)) {
                Ok(Ok(saved)) => {
                    let read = so_far(&subject, saved.rows, saved.rows);
                    state.jobs.progress(job, &[read], now_ms());
                    state.notify(NoticeLevel::Info, Problem::new(words(&saved)));
                    None
                }
                Ok(Err(problem)) => problem,
                Err(broken) => Some(broken),
            };
            if let Some(problem) = &problem {
                state.notify(NoticeLevel::Error, problem.clone());
            }
            state.jobs.end(job, problem, now_ms());
            state.touch_urgently();
        });
    }

    /// What saves records of a topic.
    fn records_work(&mut self, topic: &Arc<str>) -> Option<Work> {
        let isolation = self.view.isolation;
        let open = self.topic_mut(topic)?;
        open.view.start.as_ref()?;
        let question = open.question();
        let mut head = Head::new("records", isolation, now_ms());
        head.ask("topics", Value::array([Value::string(&**topic)]));
        ask_filter(&mut head, &question.filter);
        let completeness = open.view.completeness.as_deref().cloned();
        let completeness = completeness.unwrap_or_else(|| being_read(&open.reading));
        head.tell("scanned", open.view.records_read);
        head.tell("decode_failures", open.view.decode_failures);
        head.read(ranges(&open.reading), completeness);
        Some(Box::new(move |to, cancel, tell| question.save(to, head, cancel, tell)))
    }

    /// What saves something of an entity.
    fn entity_work(&mut self, of: &SaveOf, key: &EntityKey) -> Option<Work> {
        let (isolation, clock) = (self.view.isolation, self.clock.clone());
        let open = self.entity_mut(key)?;
        let history = open.history.clone()?;
        let mut head = Head::new(of.name(), isolation, now_ms());
        head.ask_entity(&key.entity);
        head.ask_each("topics", key.topics.iter().map(|topic| Value::string(&**topic)));
        let completeness = open.view.completeness.as_deref().cloned().unwrap_or_default();
        head.read(ranges(&open.reading), completeness);
        let changes = match of {
            SaveOf::Diff(_) => Some(ask_diff(&mut head, &open.view)?),
            _ => None,
        };
        let (of, entity) = (of.clone(), key.entity.clone());
        Some(Box::new(move |to, cancel, tell| {
            let selection = match of {
                SaveOf::State(_) | SaveOf::Diff(_) => selection_at(&history, &clock),
                _ => Selection::Prefix(history.lock().len()),
            };
            head.tell_of_fold(&history.lock(), &selection);
            if let Some(changes) = changes {
                return Ok(save_changes(&changes, to, head, cancel)?);
            }
            let what = match of {
                SaveOf::State(_) => {
                    ask_moment(&mut head, &selection, &clock);
                    SaveWhat::State(selection)
                }
                SaveOf::States(_) => SaveWhat::States,
                _ => SaveWhat::History,
            };
            let turns: Turns<'_> = &mut |turn| turn(&mut history.lock());
            Ok(save_of_entity(&what, &entity, turns, to, head, cancel, tell)?)
        }))
    }
}

impl RowsQuestion {
    /// Saves the records that match.
    fn save(
        &self,
        to: &SaveTo,
        head: Head,
        cancel: &Cancel,
        tell: Tell<'_>,
    ) -> Result<Saved, Failure> {
        let predicate = Predicate::new(&self.filter, &self.mapping, self.decoder);
        let predicate =
            predicate.map_err(|problem| Failure { kind: FailureKind::Usage, problem })?;
        let mut file = records_file(to)?;
        let bounds = self.bounds();
        let all = self.log.record_count(&bounds);
        for (done, (_, record)) in self.log.in_log_order(&bounds).enumerate() {
            if cancel.is_cancelled() {
                return Err(Failure::cancelled());
            }
            let record = record.get();
            if predicate.matches(record) {
                let decoded = self.decoder.decode(record.value());
                let event_type = self.mapping.event_type(record, &decoded);
                let entity = self.mapping.entity_of(record);
                file.row(&CopiedRecord { record, decoded, event_type: &event_type, entity })?;
            }
            tell(done as u64 + 1, all);
        }
        check_whole(&self.log)?;
        Ok(file.finish(head, cancel)?)
    }
}

/// That everything could be read that is on disk.
fn check_whole(log: &LogSnapshot) -> Result<(), Failure> {
    match log.damage().first() {
        None => Ok(()),
        Some(damage) => {
            let mut failure = Failure::usage("a part of the local index could not be read");
            failure.problem.cause = Some((*damage).to_owned());
            Err(failure.with_hint("read the topic again, then save"))
        }
    }
}

/// The folder in which files are saved whose name says nothing of one: that of the workspace; else
/// the user's own.
pub(super) fn folder(options: &EngineOptions) -> PathBuf {
    let workspace = options.config.as_ref().map(|config| config.folder().to_owned());
    workspace.or_else(home).unwrap_or_default()
}

/// The user's own folder.
fn home() -> Option<PathBuf> {
    directories::UserDirs::new().map(|folders| folders.home_dir().to_owned())
}

/// A path as it is meant that was typed: `~` is the user's own folder, a name alone lies in this
/// one.
fn whole_path(typed: &Path, folder: &Path) -> PathBuf {
    match (typed.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => folder.join(typed),
    }
}

/// What was saved, in words.
fn words(saved: &Saved) -> String {
    let rows = if saved.rows == 1 { "1 row".to_owned() } else { format!("{} rows", saved.rows) };
    let beside = saved.metadata.as_ref().map(|path| format!(", its head in {}", path.display()));
    format!("saved {rows} into {}{}", saved.path.display(), beside.unwrap_or_default())
}

/// What was read.
fn ranges(reading: &Reading) -> Vec<OffsetRange> {
    let range = |read: &PartitionRead| OffsetRange::new(&read.partition, read.from, read.position);
    reading.reads.iter().map(range).collect()
}

/// That a topic is still being read.
fn being_read(reading: &Reading) -> Completeness {
    use crate::model::{Reason, ReasonKind, Verdict};
    let mut completeness = Completeness::default();
    let rest = |read: &PartitionRead| OffsetRange::new(&read.partition, read.position, read.end);
    completeness.add(
        Verdict::Partial,
        Reason {
            kind: ReasonKind::NotScanned,
            detail: "it was saved while it was being read".to_owned(),
            ranges: reading.reads.iter().filter(|read| !read.is_done()).map(rest).collect(),
        },
    );
    completeness
}

/// Asks for what a filter leaves.
fn ask_filter(head: &mut Head, filter: &RecordFilter) {
    head.ask_each("partitions", filter.partitions.iter().map(|only| i64::from(*only)));
    for (name, text) in [("text", filter.text.trim()), ("where", filter.cel.trim())] {
        if !text.is_empty() {
            head.ask(name, Value::string(text));
        }
    }
    if let Some((from_ms, to_ms)) = filter.time_ms {
        head.ask("from", Value::string(time_text::utc(from_ms)));
        if to_ms < i64::MAX {
            head.ask("to", Value::string(time_text::utc(to_ms)));
        }
    }
}

/// Asks for what differs between the states that an entity shows.
fn ask_diff(head: &mut Head, entity: &EntityView) -> Option<Arc<[crate::model::Change]>> {
    if let Some(compare) = &entity.compare {
        let side = |side: &CompareSide| format!("{} v{}", side.key.entity, side.version);
        head.ask("from", Value::string(side(&compare.from)));
        head.ask("to", Value::string(side(&compare.to)));
        return Some(Arc::clone(&compare.changes));
    }
    let at = entity.at.as_ref()?;
    head.ask("from", Value::string(format!("v{}", at.version.saturating_sub(1))));
    head.ask("to", Value::string(format!("v{}", at.version)));
    Some(Arc::clone(&at.changes))
}

/// Asks for the moment of the clock: these events.
fn ask_moment(head: &mut Head, selection: &Selection, clock: &OneClock) {
    let versions: Vec<u64> = match selection {
        Selection::Prefix(version) => vec![*version],
        Selection::Subset(versions) => versions.clone(),
    };
    let words: Vec<String> = versions.iter().map(|version| format!("v{version}")).collect();
    head.ask("at", Value::string(words.join(" ")));
    head.ask("clock", Value::string(clock.clock.as_str()));
    if let Some(time_ms) = clock.time_ms() {
        head.ask("time", Value::string(time_text::utc(time_ms)));
    }
}
