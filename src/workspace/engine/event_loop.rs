//! The engine's own thread: it takes commands and news in turns and publishes what changed.
//!
//! Promises: what the user does shows before what the cluster says; a flood of news costs few
//! snapshots; without news it sleeps.
//! Does not know: what commands and news do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::pool::News;
use super::{Command, EnginePort, State, Target};
use crate::workspace::ClockMode;

/// How often the clock moves while it plays.
const PLAY_EVERY: Duration = Duration::from_millis(33);

/// How long the engine takes news before it looks at the clock and publishes.
const TURN_MAX: Duration = Duration::from_millis(10);

/// Takes commands and news until the window is gone.
pub(super) fn run(state: &mut State, news: &Receiver<News>, port: &EnginePort) {
    let mut published = Instant::now();
    let mut turned = Instant::now();
    loop {
        publish(state, port, &mut published);
        let wait = pause(state, published);
        select! {
            recv(port.commands()) -> command => match command {
                Ok(command) => state.carry_out_safely(command),
                Err(_) => return,
            },
            recv(news) -> news => {
                if let Ok(news) = news {
                    state.hear(news);
                }
            }
            default(wait) => {}
        }
        take_what_waits(state, news, port);
        let elapsed = turned.elapsed();
        let plays = matches!(state.clock.mode, ClockMode::Playing(_));
        if !plays || elapsed >= PLAY_EVERY {
            turned = Instant::now();
        }
        state.do_safely(|state| {
            if plays && elapsed >= PLAY_EVERY {
                state.play_on(elapsed);
            }
            state.work_off();
        });
    }
}

/// Commands go first: what the user does shows before what the cluster says.
fn take_what_waits(state: &mut State, news: &Receiver<News>, port: &EnginePort) {
    let began = Instant::now();
    while began.elapsed() < TURN_MAX {
        if let Ok(command) = port.commands().try_recv() {
            state.carry_out_safely(command);
        } else if let Ok(news) = news.try_recv() {
            state.hear(news);
        } else {
            return;
        }
    }
}

/// How long to sleep when nothing comes.
fn pause(state: &State, published: Instant) -> Duration {
    const LONG: Duration = Duration::from_hours(1);
    let playing = matches!(state.clock.mode, ClockMode::Playing(_)).then_some(PLAY_EVERY);
    let wait = || state.publish_every().saturating_sub(published.elapsed());
    let publishing = state.is_changed().then(wait);
    [playing, publishing, state.next_turn()].into_iter().flatten().min().unwrap_or(LONG)
}

/// Publishes what changed, at once after a command, else not too often.
fn publish(state: &mut State, port: &EnginePort, published: &mut Instant) {
    if state.is_changed() && published.elapsed() >= state.publish_every() {
        *published = Instant::now();
        if let Some(snapshot) = state.take_snapshot() {
            port.publish(snapshot);
        }
    }
}

/// Carries out commands; each is explained where it is declared.
impl State {
    /// Does what the window asks.
    fn carry_out_safely(&mut self, command: Command) {
        self.do_safely(|state| state.carry_out(command));
    }

    /// Whether the user does this, and not the window by itself because something came.
    fn is_of_user(&self, command: &Command) -> bool {
        let open = |topic: &Arc<str>| self.topics.iter().find(|open| open.view.topic == *topic);
        match command {
            Command::NeedPages(topic, pages) => {
                open(topic).is_some_and(|open| open.wanted_pages != *pages)
            }
            Command::NeedLanes(topic, wanted) => {
                open(topic).is_some_and(|open| open.wanted_lanes.as_ref() != Some(wanted))
            }
            Command::Arrange(..) => false,
            _ => true,
        }
    }

    /// Hears news.
    fn hear(&mut self, news: News) {
        self.do_safely(|state| news(state));
    }

    /// Does what the window asks.
    fn carry_out(&mut self, command: Command) {
        if self.is_of_user(&command) {
            self.acted();
        }
        self.keep_soon();
        match command {
            Command::Connect(choice) => self.connect(Target::Choice(choice)),
            Command::OpenDemo => self.connect(Target::Demo),
            Command::CheckConnection(choice) => self.check_connection(choice),
            Command::ConnectRecent(key) => self.connect(Target::Recent(key)),
            Command::ForgetRecent(key) => self.forget_recent(&key),
            Command::Reconnect => self.reconnect(),
            Command::Disconnect => self.disconnect_for_good(),
            Command::Arrange(number, arrangement) => self.arrange(number, arrangement),
            Command::RefreshTopics => self.refresh_topics(),
            Command::SetIsolation(isolation) => self.set_isolation(isolation),
            Command::OpenTopic(topic) => self.open_topic(&topic),
            Command::CloseTopic(topic) => {
                self.change_waiting(|session| session.close_topic(&topic));
                self.close_topic(&topic);
            }
            Command::Read(topic, start) => self.read_topic(&topic, start),
            Command::SetFilter(topic, filter) => self.set_filter(&topic, filter),
            Command::CountTypes(topic) => self.count_types(&topic),
            Command::NeedPages(topic, pages) => self.need_pages(&topic, &pages),
            Command::NeedLanes(topic, wanted) => self.need_lanes(&topic, wanted),
            Command::InspectRecord(position) => self.inspect_record(position),
            Command::ShowCoverage(of) => self.show_coverage(&of),
            Command::Copy(what, form) => self.copy(what, form),
            Command::OpenLink(link) => self.open_link(*link),
            Command::Save(of, to) => self.save(&of, &to),
            Command::SetDecoder(topic, decoder) => self.set_decoder(&topic, decoder),
            Command::SearchEntities(topic, text) => self.search_entities(&topic, text),
            Command::OpenEntity(key) => self.open_entity(&key),
            Command::CloseEntity(key) => {
                self.change_waiting(|session| session.close_entity(&key));
                self.close_entity(&key);
            }
            Command::SetFold(key, fold) => self.set_fold(&key, &fold),
            Command::SelectPath(key, path) => self.select_path(&key, path),
            Command::Compare(key, with) => self.compare(&key, with),
            Command::RefreshGroups => self.refresh_groups(),
            Command::WatchGroups(watch) => self.watch_groups(watch),
            Command::Clock(command) => self.move_clock(command),
            Command::CancelJob(id) => self.cancel_job(id),
            Command::ClearJobs => self.jobs.clear_ended(),
            Command::AddBookmark(bookmark) => self.add_bookmark(bookmark),
            Command::ChangeBookmark(number, bookmark) => self.change_bookmark(number, bookmark),
            Command::RemoveBookmark(number) => self.remove_bookmark(number),
            Command::ReadNotices => self.read_notices(),
            Command::Demo(command) => self.send_to_demo(command),
            Command::FindScripts => self.find_scripts(),
            Command::OpenSandbox(key, history) => self.open_sandbox(&key, history),
            Command::CloseSandbox(key) => {
                self.change_waiting(|session| session.close_sandbox(&key));
                self.close_sandbox(&key);
            }
            Command::Sandbox(key, command) => self.ask_sandbox(&key, command),
        }
    }
}
