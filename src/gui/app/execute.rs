//! Carries out the commands of the list.
//!
//! Promises: a command that means nothing at the moment does nothing.
//! Does not know: which key, menu or button set it off.

use std::sync::Arc;

use egui::{Context, ThemePreference, ViewportCommand};

use super::{App, Section, navigator, tabs};
use crate::gui::command::UiCommand;
use crate::gui::dialogs::Dialog;
use crate::gui::theme::icons;
use crate::gui::view::{Pane, View};
use crate::gui::views::projections::history_of;
use crate::gui::views::{entity, sandbox, topic};
use crate::gui::widgets::say;
use crate::model::{Clock, Isolation};
use crate::workspace::{
    ClockCommand, ClockMode, ClockPoint, Command, CompareWith, CoverageOf, EntityKey,
    HistoryChoice, SaveOf, StepTarget,
};

/// The sizes a user can choose, in percent.
const ZOOM_PERCENT: std::ops::RangeInclusive<u16> = 60..=300;
/// How much larger or smaller one step is, in percent.
const ZOOM_STEP_PERCENT: u16 = 10;

impl App {
    /// Carries out a command.
    pub(super) fn execute(&mut self, ctx: &Context, command: UiCommand) {
        match command {
            UiCommand::OpenPalette => self.dialogs.open(Dialog::Palette),
            UiCommand::JumpToTime => self.states.clock_bar.open_jump(),
            UiCommand::ShowSettings => self.dialogs.open(Dialog::Settings),
            UiCommand::ShowKeys => self.dialogs.open(Dialog::Keys),
            UiCommand::ShowStart => self.open(&Pane::Start),
            UiCommand::ShowGroups => self.open(&Pane::Groups),
            UiCommand::ShowDemo => self.open(&Pane::Demo),
            UiCommand::StartTour | UiCommand::StartSandboxChapter => self.start_tour(command),
            UiCommand::ShowProjections => self.show_section(ctx, Section::Projections),
            UiCommand::NewProjection => self.new_sandbox(HistoryChoice::default()),
            UiCommand::DebugEntity => {
                let history = history_of(self.states.front.as_ref());
                self.new_sandbox(history);
            }
            UiCommand::ShowJobs => self.show_section(ctx, Section::Jobs),
            UiCommand::ShowBookmarks => self.show_section(ctx, Section::Bookmarks),
            UiCommand::ShowNotices => self.show_section(ctx, Section::Notices),
            UiCommand::FocusFilter => self.focus_filter(ctx),
            UiCommand::Refresh => {
                self.outbox.send(Command::RefreshTopics);
                self.outbox.send(Command::RefreshGroups);
            }
            UiCommand::Disconnect => self.outbox.send(Command::Disconnect),
            UiCommand::ToggleIsolation => self.toggle_isolation(),
            UiCommand::NextTab => self.cycle_tabs(true),
            UiCommand::PreviousTab => self.cycle_tabs(false),
            UiCommand::CloseTab => {
                if let Some(pane) = self.states.front.clone() {
                    self.close(ctx, &pane);
                }
            }
            UiCommand::ReopenTab
            | UiCommand::Undo
            | UiCommand::Redo
            | UiCommand::GoBack
            | UiCommand::GoForward => self.bring_back(ctx, command),
            UiCommand::Copy
            | UiCommand::CopyJson
            | UiCommand::CopyCsv
            | UiCommand::CopyAddress
            | UiCommand::CopyState
            | UiCommand::CopyDiff
            | UiCommand::CopyHistory => self.copy(ctx, command),
            UiCommand::CopyLink => self.copy_link(ctx),
            UiCommand::ExportHistory
            | UiCommand::ExportStates
            | UiCommand::ExportState
            | UiCommand::ExportDiff
            | UiCommand::ExportRecords => self.export(ctx, command),
            UiCommand::ShowCoverage => self.show_coverage_in_front(ctx),
            UiCommand::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            UiCommand::ToggleNavigator
            | UiCommand::ToggleTimeZone
            | UiCommand::ToggleTheme
            | UiCommand::LargerText
            | UiCommand::SmallerText
            | UiCommand::NormalText => self.change_choice(ctx, command),
            UiCommand::TogglePlay
            | UiCommand::PlayFaster
            | UiCommand::PlaySlower
            | UiCommand::ToggleFollow
            | UiCommand::ToggleClock => self.change_clock(command),
            _ => self.execute_in_front(command),
        }
    }

    /// Brings the next tab to the front, or the one before.
    fn cycle_tabs(&mut self, forward: bool) {
        let front = self.states.front.as_ref();
        if let Some(pane) = tabs::cycle(&mut self.layout.tabs, front, forward) {
            self.states.front = Some(pane);
        }
    }

    /// Reads with the other isolation level.
    fn toggle_isolation(&mut self) {
        let other = match self.snapshot.isolation {
            Isolation::Committed => Isolation::Uncommitted,
            Isolation::Uncommitted => Isolation::Committed,
        };
        self.outbox.send(Command::SetIsolation(other));
    }

    /// Starts the tour, or its chapter in the sandbox, where there is something to show.
    fn start_tour(&mut self, command: UiCommand) {
        if self.snapshot.demo.is_none() {
            return;
        }
        if command == UiCommand::StartTour {
            self.open(&Pane::Demo);
            self.tour.start();
        } else {
            self.tour.start_chapter();
        }
    }

    /// Changes how the window looks.
    fn change_choice(&mut self, ctx: &Context, command: UiCommand) {
        let choices = &mut self.layout.choices;
        let (least, most) = ZOOM_PERCENT.into_inner();
        match command {
            UiCommand::ToggleNavigator if ctx.content_rect().width() < navigator::NARROW => {
                self.states.navigator.over = !self.states.navigator.over;
            }
            UiCommand::ToggleNavigator => choices.navigator_open = !choices.navigator_open,
            UiCommand::ToggleTimeZone => choices.local_time = !choices.local_time,
            UiCommand::ToggleTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                choices.theme = if dark { ThemePreference::Light } else { ThemePreference::Dark };
            }
            UiCommand::LargerText => {
                choices.zoom_percent = (choices.zoom_percent + ZOOM_STEP_PERCENT).min(most);
            }
            UiCommand::SmallerText => {
                choices.zoom_percent = (choices.zoom_percent - ZOOM_STEP_PERCENT).max(least);
            }
            UiCommand::NormalText => choices.zoom_percent = 100,
            _ => {}
        }
    }

    /// Changes what the clock does by itself, or which time it compares.
    fn change_clock(&mut self, command: UiCommand) {
        let mode = self.snapshot.clock.mode;
        let playing = matches!(mode, ClockMode::Playing(_));
        match command {
            UiCommand::TogglePlay if playing => self.outbox.clock(ClockCommand::Pause),
            UiCommand::TogglePlay => {
                self.outbox.clock(ClockCommand::Play(self.states.clock_bar.speed()));
            }
            UiCommand::PlayFaster | UiCommand::PlaySlower => {
                let speed = self.states.clock_bar.step_speed(command == UiCommand::PlayFaster);
                if playing {
                    self.outbox.clock(ClockCommand::Play(speed));
                }
            }
            UiCommand::ToggleFollow if mode == ClockMode::Following => {
                self.outbox.clock(ClockCommand::Pause);
            }
            UiCommand::ToggleFollow => self.outbox.clock(ClockCommand::Follow),
            UiCommand::ToggleClock => {
                let other = match self.snapshot.clock.clock {
                    Clock::Log => Clock::Event,
                    Clock::Event => Clock::Log,
                };
                self.outbox.clock(ClockCommand::UseClock(other));
            }
            _ => {}
        }
    }

    /// Opens the navigator on one of its sections.
    fn show_section(&mut self, ctx: &Context, section: Section) {
        self.open_navigator(ctx);
        self.layout.choices.section = section;
    }

    /// Asks where something in front is saved.
    fn export(&mut self, ctx: &Context, command: UiCommand) {
        let entity = || self.states.front_entity().cloned();
        let of = match command {
            UiCommand::ExportHistory => entity().map(SaveOf::History),
            UiCommand::ExportStates => entity().map(SaveOf::States),
            UiCommand::ExportState => entity().map(SaveOf::State),
            UiCommand::ExportDiff => entity().map(SaveOf::Diff),
            _ => self.states.front_topic().cloned().map(SaveOf::Records),
        };
        match of {
            Some(of) => self.dialogs.open(Dialog::Save(of)),
            None => say(ctx, icons::INFO, "Nothing is in front that could be exported so"),
        }
    }

    /// Shows what the verdict in front rests on.
    fn show_coverage_in_front(&mut self, ctx: &Context) {
        let of = match &self.states.front {
            Some(Pane::Topic(topic)) => CoverageOf::Topic(Arc::clone(topic)),
            Some(Pane::Entity(key)) => CoverageOf::Entity(key.clone()),
            Some(Pane::Sandbox(key)) => CoverageOf::Sandbox(key.clone()),
            _ => return say(ctx, icons::INFO, "Nothing in front was read"),
        };
        self.show_coverage(of);
    }

    /// Opens the navigator, over the tabs where there is no room beside them.
    fn open_navigator(&mut self, ctx: &Context) {
        if ctx.content_rect().width() < navigator::NARROW {
            self.states.navigator.over = true;
        } else {
            self.layout.choices.navigator_open = true;
        }
    }

    /// Puts the focus on the filter in front.
    fn focus_filter(&mut self, ctx: &Context) {
        if let Some(key) = self.states.front_sandbox().cloned() {
            self.states.sandboxes.entry(key).or_default().open_find();
            return;
        }
        if let Some(topic) = self.states.front_topic().cloned() {
            self.states.topics.entry(topic).or_default().focus_filter();
            return;
        }
        self.open_navigator(ctx);
        self.states.navigator.focus_filter();
    }

    /// Carries out a command that means something to the view in front.
    fn execute_in_front(&mut self, command: UiCommand) {
        if let Some(key) = self.states.front_entity().cloned() {
            self.execute_in_entity(&key, command);
            return;
        }
        if let Some(key) = self.states.front_sandbox().cloned() {
            let state = self.states.sandboxes.entry(key.clone()).or_default();
            let mut view =
                View { snapshot: &self.snapshot, times: &self.times, out: &mut self.outbox };
            sandbox::execute(command, &key, state, &mut view);
            return;
        }
        if let Some(topic) = self.states.front_topic().cloned()
            && let Some(topic_view) = self.snapshot.topic_view(&topic).cloned()
        {
            let state = self.states.topics.entry(topic).or_default();
            let mut view =
                View { snapshot: &self.snapshot, times: &self.times, out: &mut self.outbox };
            topic::execute(command, state, &topic_view, &mut view);
        }
        match command {
            UiCommand::FirstEvent => self.outbox.clock(ClockCommand::Set(ClockPoint::Start)),
            UiCommand::LastEvent => self.outbox.clock(ClockCommand::Set(ClockPoint::End)),
            UiCommand::AddBookmark => self.bookmark(None),
            _ => {}
        }
    }

    /// Carries out a command on the entity in front.
    fn execute_in_entity(&mut self, key: &EntityKey, command: UiCommand) {
        let Some(entity_view) = self.snapshot.entity_view(key).cloned() else { return };
        let step = match command {
            UiCommand::PreviousEvent | UiCommand::PreviousRow => Some(StepTarget::PreviousEvent),
            UiCommand::NextEvent | UiCommand::NextRow => Some(StepTarget::NextEvent),
            UiCommand::FirstEvent => Some(StepTarget::First),
            UiCommand::LastEvent => Some(StepTarget::Last),
            UiCommand::PreviousChange => {
                entity_view.selected_path.clone().map(StepTarget::PreviousChange)
            }
            UiCommand::NextChange => entity_view.selected_path.clone().map(StepTarget::NextChange),
            _ => None,
        };
        if let Some(step) = step {
            self.outbox.clock(ClockCommand::Step(key.clone(), step));
            return;
        }
        match command {
            UiCommand::AddBookmark => self.bookmark(Some(key)),
            UiCommand::Compare => {
                let version = entity_view.at.as_ref().map(|at| CompareWith::Version(at.version));
                let with = version.filter(|_| entity_view.compare_with.is_none());
                self.outbox.send(Command::Compare(key.clone(), with));
            }
            UiCommand::CompareEntity => self.dialogs.open(Dialog::CompareWith(key.clone())),
            _ => {
                let state = self.states.entities.entry(key.clone()).or_default();
                let mut view =
                    View { snapshot: &self.snapshot, times: &self.times, out: &mut self.outbox };
                entity::execute(command, state, &entity_view, &mut view);
            }
        }
    }

    /// Remembers the moment in front.
    fn bookmark(&mut self, entity: Option<&EntityKey>) {
        let clock = &self.snapshot.clock;
        let time = clock.time_ms.map(|time_ms| self.times.date_time(time_ms));
        let mut words: Vec<String> = Vec::new();
        if let Some(key) = entity {
            words.push(key.entity.to_string());
            let at = self.snapshot.entity_view(key).and_then(|view| view.at.clone());
            words.extend(at.map(|at| format!("v{}", at.version)));
        }
        words.push(time.unwrap_or_else(|| "end".to_owned()));
        self.outbox.send(Command::AddBookmark(crate::workspace::Bookmark {
            label: words.join(" · "),
            at: clock.at.clone(),
            entity: entity.cloned(),
            note: String::new(),
        }));
    }
}
