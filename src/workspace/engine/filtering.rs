//! Looking for the records of a topic that its filter takes.
//!
//! Promises: a filter that looks at records does so on a thread of its own; what takes long is a
//! job that can be called off, and what was found so far shows meanwhile and stays; another filter
//! calls off the one before.
//! Does not know: how a record is matched (`rows`).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pool::TaskKey;
use super::rows::{Finding, Rows, RowsQuestion};
use super::{Outbox, State};
use crate::model::{Cancel, OffsetRange, PartitionRead, TopicPartition};
use crate::workspace::clock::now_ms;
use crate::workspace::{JobId, JobSubject, Problem};

/// How often what was found so far is told; what takes less is no job.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What looks for the rows of an open topic.
#[derive(Debug, Default)]
pub(crate) struct Filtering {
    /// The search that runs.
    running: Option<Search>,
    /// The number of the next one.
    next: u64,
    /// What was asked when the user called it off: it is not asked again by itself.
    called_off: Option<RowsQuestion>,
}

/// A search that runs.
#[derive(Debug)]
struct Search {
    /// Its number.
    number: u64,
    /// What it looks for.
    question: RowsQuestion,
    /// Its switch.
    cancel: Cancel,
    /// Its job, once it has taken a while.
    job: Option<JobId>,
    /// Whether records came meanwhile.
    again: bool,
    /// Whether rows of the same question are shown, which then stay until it has ended.
    refreshes: bool,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Filtering {
    /// The search with this number, while it is the one that counts.
    fn search(&mut self, number: u64) -> Option<&mut Search> {
        self.running.as_mut().filter(|search| search.number == number)
    }
}

impl State {
    /// Finds a topic's rows, because what is asked of it is another.
    pub(super) fn find_rows(&mut self, topic: &Arc<str>) {
        if let Some(open) = self.topic_mut(topic) {
            open.filtering.called_off = None;
            self.refresh_rows(topic);
        }
    }

    /// Finds a topic's rows anew, because records came.
    pub(super) fn refresh_rows(&mut self, topic: &Arc<str>) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.rows_due = None;
        let question = open.question();
        let is_same = |other: &RowsQuestion| other.is_same_question(&question);
        if open.filtering.called_off.as_ref().is_some_and(is_same) {
            return;
        }
        if let Some(search) = &mut open.filtering.running
            && is_same(&search.question)
        {
            search.again = true;
            return;
        }
        self.stop_filtering(topic);
        if question.takes_all() {
            self.list_all(topic, question)
        } else {
            self.search(topic, question)
        }
    }

    /// Calls off the search of a topic: nobody wants to know any more what it finds.
    pub(super) fn stop_filtering(&mut self, topic: &str) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.view.filter_job = None;
        let search = open.filtering.running.take();
        if let Some(job) = search.and_then(|search| search.job) {
            self.jobs.replace(job);
        }
    }

    /// Lists the newest records, which is quick.
    fn list_all(&mut self, topic: &Arc<str>, question: RowsQuestion) {
        let topic = Arc::clone(topic);
        let asked = question.clone();
        let find = move || {
            let began = Instant::now();
            let found = asked.find(&mut |_| ControlFlow::Continue(()));
            (found.map(|found| found.rows()), began.elapsed())
        };
        self.work_out(TaskKey::Rows(topic.to_string()), find, move |state, found| {
            let open = state.topic_mut(&topic);
            if open.is_some_and(|open| open.question().is_same_question(&question)) {
                let (rows, cost) = found.unwrap_or_else(|problem| (Err(problem), Duration::ZERO));
                state.show_rows(&topic, question, rows, cost);
            }
        });
    }

    /// Looks through the records.
    fn search(&mut self, topic: &Arc<str>, question: RowsQuestion) {
        let Some(open) = self.topic_mut(topic) else { return };
        let shown = open.rows.as_ref();
        let refreshes = shown.is_some_and(|(shown, _)| shown.is_same_question(&question));
        let cancel = Cancel::new();
        let number = open.filtering.next;
        open.filtering.next += 1;
        open.filtering.running = Some(Search {
            number,
            question: question.clone(),
            cancel: cancel.clone(),
            job: None,
            again: false,
            refreshes,
        });
        let (topic, searched) = (Arc::clone(topic), Arc::clone(topic));
        let find = move |outbox: &Outbox| {
            let (began, mut told) = (Instant::now(), Instant::now());
            let found = question.find(&mut |finding| {
                if cancel.is_cancelled() {
                    return ControlFlow::Break(());
                }
                if told.elapsed() < TELL_EVERY {
                    return ControlFlow::Continue(());
                }
                let (topic, rows, read) =
                    (Arc::clone(&searched), finding.rows(), so_far(&searched, finding));
                let heard =
                    outbox.send(move |state| state.found_so_far(&topic, number, rows, read));
                told = Instant::now();
                if heard { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            let found = found.map(|finding| {
                (finding.rows(), so_far(&searched, &finding), finding.is_cut_short())
            });
            (found, began.elapsed())
        };
        self.spawn("filter", None, find, move |state, found| {
            let (found, cost) = found.unwrap_or_else(|problem| (Err(problem), Duration::ZERO));
            state.searched(&topic, number, found, cost);
        });
    }

    /// A search takes a while: it is a job from now on, and shows what it found so far.
    fn found_so_far(&mut self, topic: &Arc<str>, number: u64, rows: Rows, read: PartitionRead) {
        let Some(open) = self.topics.iter_mut().find(|open| open.view.topic == *topic) else {
            return;
        };
        let Some(search) = open.filtering.search(number) else { return };
        let job = *search.job.get_or_insert_with(|| {
            let subject = JobSubject::Filter(Arc::clone(topic));
            let title = format!("Filtering {topic}");
            self.jobs.start_stopped_by(search.cancel.clone(), subject, title, now_ms())
        });
        self.jobs.progress(job, &[read], now_ms());
        open.view.filter_job = Some(job);
        if !search.refreshes {
            let question = search.question.clone();
            self.show_rows(topic, question, Ok(rows), Duration::ZERO);
        }
    }

    /// A search has ended.
    fn searched(
        &mut self,
        topic: &Arc<str>,
        number: u64,
        found: Result<(Rows, PartitionRead, bool), Problem>,
        cost: Duration,
    ) {
        let Some(open) = self.topic_mut(topic) else { return };
        let Some(search) = open.filtering.running.take_if(|search| search.number == number) else {
            return;
        };
        open.view.filter_job = None;
        let question = search.question.clone();
        let found = found.and_then(|(mut rows, read, is_cut_short)| {
            if is_cut_short {
                open.filtering.called_off = Some(question.clone());
                rows.doubts = Some(called_off(&read));
                if search.refreshes {
                    return Err(called_off(&read));
                }
            }
            Ok((rows, read))
        });
        if search.again {
            open.rows_change();
        }
        if let Some(job) = search.job {
            if let Ok((_, read)) = &found {
                self.jobs.progress(job, std::slice::from_ref(read), now_ms());
            }
            let problem = found.as_ref().err().filter(|_| !search.cancel.is_cancelled());
            self.jobs.end(job, problem.cloned(), now_ms());
        }
        self.show_rows(topic, question, found.map(|(rows, _)| rows), cost);
    }

    /// Shows what was found for a question.
    fn show_rows(
        &mut self,
        topic: &Arc<str>,
        question: RowsQuestion,
        rows: Result<Rows, Problem>,
        cost: Duration,
    ) {
        let Some(open) = self.topic_mut(topic) else { return };
        let log = question.log.clone();
        open.take_rows(question, rows, cost);
        let wanted = std::mem::take(&mut open.wanted_pages);
        self.need_pages(topic, &wanted);
        self.read_again_if_damaged(topic, &log);
        self.measure_clock();
        self.touch();
    }
}

/// How far a search is, as the account of a read.
fn so_far(topic: &Arc<str>, finding: &Finding) -> PartitionRead {
    let offset = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let range = OffsetRange::new(&TopicPartition::new(Arc::clone(topic), 0), 0, offset(finding.of));
    let mut read = PartitionRead::starting(&range);
    (read.position, read.records) = (offset(finding.looked_at), finding.looked_at);
    read
}

/// That a filter was not asked about every record.
fn called_off(read: &PartitionRead) -> Problem {
    let what = format!("only {} of {} records were looked at", read.position, read.end);
    Problem::new(what).with_hint("filtering was called off: set the filter again to look at all")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Heard;
    use super::*;
    use crate::workspace::{JobState, RecordFilter, TopicView};

    /// So many records take a while.
    const MANY: u64 = 60_000;

    /// A state with a topic of many records, of which this filter is to find some.
    fn filtering(cel: &str) -> (Heard, Arc<str>) {
        let topic: Arc<str> = "order-events".into();
        let mut heard = Heard::new();
        heard.open(&topic, MANY);
        heard.state.set_filter(&topic, expression(cel));
        (heard, topic)
    }

    /// A filter by this expression.
    fn expression(cel: &str) -> RecordFilter {
        RecordFilter { cel: cel.to_owned(), ..RecordFilter::default() }
    }

    /// What is shown of the topic.
    fn view(state: &State) -> &TopicView {
        &state.topics[0].view
    }

    #[test]
    fn a_filter_that_takes_long_shows_what_it_found_so_far_and_can_be_called_off() {
        let (mut heard, topic) = filtering("offset % 2 == 0");
        let job = heard.until("a job", |state| view(state).filter_job);
        let before = view(&heard.state).clone();
        assert!(0 < before.rows.len() && (before.rows.len() as u64) < MANY / 2);
        assert_eq!(before.records_matching, before.rows.len() as u64);
        heard.state.cancel_job(job);
        heard.until("its end", |state| view(state).filter_job.is_none().then_some(()));
        let after = view(&heard.state);
        assert!(before.rows.len() <= after.rows.len() && (after.rows.len() as u64) < MANY / 2);
        let problem = after.filter_problem.clone().unwrap();
        assert!(problem.what.contains(&format!("of {MANY} records")), "{problem}");
        let jobs = heard.state.jobs.views();
        assert_eq!(jobs.last().map(|job| job.state.clone()), Some(JobState::Cancelled));

        heard.state.refresh_rows(&topic);
        assert!(heard.state.topics[0].filtering.running.is_none(), "it is not begun by itself");
        heard.state.set_filter(&topic, expression("offset % 2 == 0"));
        heard.until("all", |state| (view(state).records_matching == MANY / 2).then_some(()));
        assert_eq!(view(&heard.state).filter_problem, None);
    }

    #[test]
    fn another_filter_calls_off_the_one_before_and_takes_its_job_off_the_list() {
        let (mut heard, topic) = filtering("offset % 2 == 0");
        let job = heard.until("a job", |state| view(state).filter_job);
        let before = heard.state.topics[0].filtering.running.as_ref().unwrap().cancel.clone();
        heard.state.set_filter(&topic, RecordFilter::default());
        assert!(before.is_cancelled());
        assert!(heard.state.jobs.views().iter().all(|view| view.id != job));
        heard.until("all", |state| (view(state).records_matching == MANY).then_some(()));
        assert_eq!(view(&heard.state).filter_job, None);
    }

    #[test]
    fn records_that_come_while_a_filter_looks_are_looked_at_afterwards() {
        let (mut heard, topic) = filtering("offset % 2 == 0");
        heard.until("a job", |state| view(state).filter_job);
        heard.state.topics[0].rows_due = None;
        heard.state.refresh_rows(&topic);
        heard.until("its end", |state| view(state).filter_job.is_none().then_some(()));
        assert!(heard.state.topics[0].rows_due().is_some());
        let all = view(&heard.state).clone();
        heard.state.refresh_rows(&topic);
        heard.until("a job", |state| view(state).filter_job);
        assert_eq!(view(&heard.state).rows.len(), all.rows.len(), "the old picture stays");
    }

    #[test]
    fn texts_of_rows_that_stay_are_kept_and_rows_that_are_the_same_are_no_news() {
        let topic: Arc<str> = "order-events".into();
        let mut heard = Heard::new();
        heard.open(&topic, 1_000);
        heard.state.set_filter(&topic, RecordFilter::default());
        heard.state.need_pages(&topic, &[0, 2]);
        heard.until("rows", |state| (view(state).rows.len() == 1_000).then_some(()));
        heard.state.need_pages(&topic, &[0, 2]);
        heard.until("texts", |state| (view(state).pages.len() == 2).then_some(()));
        let before = view(&heard.state).clone();
        heard.state.refresh_rows(&topic);
        let listed = Arc::clone(&before.rows);
        heard.until("rows", |state| (!Arc::ptr_eq(&view(state).rows, &listed)).then_some(()));
        let after = view(&heard.state);
        assert_eq!(after.rows_generation, before.rows_generation);
        assert_eq!(after.pages, before.pages);
    }
}
