//! Every command of the window in one list: its words, its tooltip, its keys.
//!
//! Promises: palette, menus, buttons and the key sheet are made from this list, so they cannot
//! disagree; no two commands share a key.
//! Does not know: what a command does (`app::execute`), or when its key sets it off (`shortcut`).

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use crate::workspace::CopyForm;

/// What a user can tell the window to do, in the order of the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UiCommand {
    /// Opens the palette.
    OpenPalette,
    /// Puts the focus on the filter of the view in front.
    FocusFilter,
    /// Takes back the last change of clock, filter or layout.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// To the tab that was in front before.
    GoBack,
    /// To the tab that was in front after.
    GoForward,
    /// Opens the tab that was closed last.
    ReopenTab,
    /// Copies what is chosen, as text.
    Copy,
    /// Copies what is chosen, as JSON.
    CopyJson,
    /// Copies what is chosen, as CSV.
    CopyCsv,
    /// Copies where the record in front lies.
    CopyAddress,
    /// Copies the state in front.
    CopyState,
    /// Copies what the event in front changed.
    CopyDiff,
    /// Copies all events of the entity in front.
    CopyHistory,
    /// Copies a link to what is in front at the clock.
    CopyLink,
    /// Saves all events of the entity in front.
    ExportHistory,
    /// Saves every state of the entity in front.
    ExportStates,
    /// Saves the state in front.
    ExportState,
    /// Saves what differs in front.
    ExportDiff,
    /// Saves the records of the topic in front that match its filter.
    ExportRecords,
    /// Shows what the verdict in front rests on.
    ShowCoverage,
    /// To the event before.
    PreviousEvent,
    /// To the event after.
    NextEvent,
    /// To the last change of the chosen field before the clock.
    PreviousChange,
    /// To the next change of the chosen field after the clock.
    NextChange,
    /// Before the first event.
    FirstEvent,
    /// To the end.
    LastEvent,
    /// Starts or stops playing.
    TogglePlay,
    /// Plays faster.
    PlayFaster,
    /// Plays slower.
    PlaySlower,
    /// Stays at the end as records arrive, or stops doing so.
    ToggleFollow,
    /// Asks for a time to go to.
    JumpToTime,
    /// Shows everything on the timeline.
    FitTimeline,
    /// Zooms the timeline in.
    ZoomIn,
    /// Zooms the timeline out.
    ZoomOut,
    /// Moves the timeline to earlier times.
    PanLeft,
    /// Moves the timeline to later times.
    PanRight,
    /// To the event before in the lane in front.
    PreviousInLane,
    /// To the event after in the lane in front.
    NextInLane,
    /// To the event with a problem before.
    PreviousProblem,
    /// To the event with a problem after.
    NextProblem,
    /// To the event before at which the condition holds.
    PreviousBreak,
    /// To the next event at which the condition holds.
    NextBreak,
    /// Remembers the moment.
    AddBookmark,
    /// Compares the moment with another, or ends it.
    Compare,
    /// Compares the entity with another at the same moment.
    CompareEntity,
    /// To the row above.
    PreviousRow,
    /// To the row below.
    NextRow,
    /// Reads the lists of the view in front anew.
    Refresh,
    /// Connects to another cluster.
    ShowStart,
    /// Shows the consumer groups.
    ShowGroups,
    /// Shows the reference system's panel.
    ShowDemo,
    /// Starts the guided tour of the incident.
    StartTour,
    /// Starts the chapter of the tour that makes the incident happen again.
    StartSandboxChapter,
    /// Opens a sandbox with a new projection.
    NewProjection,
    /// Opens a sandbox with a projection over the entity in front.
    DebugEntity,
    /// Runs the projection in front.
    RunProjection,
    /// Saves the projection in front and runs it.
    SaveProjection,
    /// Shows the projections of the workspace.
    ShowProjections,
    /// Shows jobs.
    ShowJobs,
    /// Shows bookmarks.
    ShowBookmarks,
    /// Shows notices.
    ShowNotices,
    /// Shows settings.
    ShowSettings,
    /// Shows keys.
    ShowKeys,
    /// Shows or hides the navigator.
    ToggleNavigator,
    /// Changes between committed and uncommitted records.
    ToggleIsolation,
    /// Changes between log time and event time.
    ToggleClock,
    /// Changes between UTC and local time.
    ToggleTimeZone,
    /// Changes between dark and light.
    ToggleTheme,
    /// Makes everything larger.
    LargerText,
    /// Makes everything smaller.
    SmallerText,
    /// Makes everything as large as at first.
    NormalText,
    /// To the tab after.
    NextTab,
    /// To the tab before.
    PreviousTab,
    /// Closes the tab in front.
    CloseTab,
    /// Closes the connection.
    Disconnect,
    /// Closes the window.
    Quit,
}

/// The words of a command.
struct Words {
    /// The command in a few words, as palette and menus show it.
    text: &'static str,
    /// What it does, in a sentence without full stop.
    tooltip: &'static str,
}

/// Words in short.
const fn words(text: &'static str, tooltip: &'static str) -> Words {
    Words { text, tooltip }
}

impl UiCommand {
    /// All of them, in the order of the palette.
    pub const ALL: [Self; 77] = [
        Self::OpenPalette,
        Self::FocusFilter,
        Self::Undo,
        Self::Redo,
        Self::GoBack,
        Self::GoForward,
        Self::ReopenTab,
        Self::Copy,
        Self::CopyJson,
        Self::CopyCsv,
        Self::CopyAddress,
        Self::CopyState,
        Self::CopyDiff,
        Self::CopyHistory,
        Self::CopyLink,
        Self::ExportHistory,
        Self::ExportStates,
        Self::ExportState,
        Self::ExportDiff,
        Self::ExportRecords,
        Self::ShowCoverage,
        Self::PreviousEvent,
        Self::NextEvent,
        Self::PreviousChange,
        Self::NextChange,
        Self::FirstEvent,
        Self::LastEvent,
        Self::TogglePlay,
        Self::PlayFaster,
        Self::PlaySlower,
        Self::ToggleFollow,
        Self::JumpToTime,
        Self::FitTimeline,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::PanLeft,
        Self::PanRight,
        Self::PreviousInLane,
        Self::NextInLane,
        Self::PreviousProblem,
        Self::NextProblem,
        Self::PreviousBreak,
        Self::NextBreak,
        Self::AddBookmark,
        Self::Compare,
        Self::CompareEntity,
        Self::PreviousRow,
        Self::NextRow,
        Self::Refresh,
        Self::ShowStart,
        Self::ShowGroups,
        Self::ShowDemo,
        Self::StartTour,
        Self::StartSandboxChapter,
        Self::NewProjection,
        Self::DebugEntity,
        Self::RunProjection,
        Self::SaveProjection,
        Self::ShowProjections,
        Self::ShowJobs,
        Self::ShowBookmarks,
        Self::ShowNotices,
        Self::ShowSettings,
        Self::ShowKeys,
        Self::ToggleNavigator,
        Self::ToggleIsolation,
        Self::ToggleClock,
        Self::ToggleTimeZone,
        Self::ToggleTheme,
        Self::LargerText,
        Self::SmallerText,
        Self::NormalText,
        Self::NextTab,
        Self::PreviousTab,
        Self::CloseTab,
        Self::Disconnect,
        Self::Quit,
    ];

    /// The command in a few words.
    pub fn text(self) -> &'static str {
        self.words().text
    }

    /// What it does.
    pub fn tooltip(self) -> &'static str {
        self.words().tooltip
    }

    /// Both texts.
    #[expect(clippy::too_many_lines, reason = "a list of words, one line for each command")]
    fn words(self) -> Words {
        match self {
            Self::OpenPalette => {
                words("Go to anything…", "Find a command, a topic or an entity by name")
            }
            Self::FocusFilter => words("Filter", "Type into the filter of this view"),
            Self::Undo => words("Undo", "Undo the last change of clock, filter or layout"),
            Self::Redo => words("Redo", "Do again what was undone"),
            Self::GoBack => words("Back", "To the tab you were in before"),
            Self::GoForward => words("Forward", "To the tab you came back from"),
            Self::ReopenTab => words("Reopen closed tab", "Open the tab you closed last"),
            Self::Copy => words("Copy", "Copy the chosen field, event or records as text"),
            Self::CopyJson => {
                words("Copy as JSON", "Copy the chosen field, event or records as JSON")
            }
            Self::CopyCsv => {
                words("Copy as CSV", "Copy the chosen field, event or records for a spreadsheet")
            }
            Self::CopyAddress => {
                words("Copy address", "Copy where the record lies: topic, partition and offset")
            }
            Self::CopyState => words("Copy state", "Copy the whole state at the clock as JSON"),
            Self::CopyDiff => words("Copy diff", "Copy what the event at the clock changed"),
            Self::CopyHistory => {
                words("Copy history", "Copy all events of the entity as JSON, one a line")
            }
            Self::CopyLink => {
                words("Copy link", "Copy a link that opens what is in front at this moment")
            }
            Self::ExportHistory => {
                words("Export history…", "Save all events of the entity with what they changed")
            }
            Self::ExportStates => {
                words("Export every state…", "Save the state of the entity after each event")
            }
            Self::ExportState => words("Export state…", "Save the whole state at the clock"),
            Self::ExportDiff => {
                words("Export diff…", "Save what differs, or what the event at the clock changed")
            }
            Self::ExportRecords => {
                words("Export records…", "Save all records of the topic that match its filter")
            }
            Self::ShowCoverage => words(
                "What was read",
                "Show partitions, offsets, gaps and settings behind the verdict",
            ),
            Self::PreviousEvent => words("Previous event", "Step back to the event before"),
            Self::NextEvent => words("Next event", "Step to the event after"),
            Self::PreviousChange => {
                words("Previous change of field", "Back to where the chosen field last changed")
            }
            Self::NextChange => {
                words("Next change of field", "On to where the chosen field next changes")
            }
            Self::FirstEvent => words("To the start", "Before the first event"),
            Self::LastEvent => words("To the end", "After the last event that was read"),
            Self::TogglePlay => words("Play or pause", "Let the clock run, or stop it"),
            Self::PlayFaster => words("Play faster", "Let the clock run faster"),
            Self::PlaySlower => words("Play slower", "Let the clock run slower"),
            Self::ToggleFollow => {
                words("Follow", "Stay at the end as records arrive; moving the clock ends it")
            }
            Self::JumpToTime => words("Jump to time…", "Set the clock to a time you type"),
            Self::FitTimeline => words("Fit timeline", "Show the whole span on the timeline"),
            Self::ZoomIn => words("Zoom in", "Show a shorter span of time"),
            Self::ZoomOut => words("Zoom out", "Show a longer span of time"),
            Self::PanLeft => words("Pan left", "Move the timeline to earlier times"),
            Self::PanRight => words("Pan right", "Move the timeline to later times"),
            Self::PreviousInLane => words("Previous in lane", "To the event before in this lane"),
            Self::NextInLane => words("Next in lane", "To the event after in this lane"),
            Self::PreviousProblem => words("Previous problem", "To the problem before"),
            Self::NextProblem => words("Next problem", "To the problem after"),
            Self::PreviousBreak => {
                words("Previous break", "Back to where the condition of a debugger last held")
            }
            Self::NextBreak => {
                words("Next break", "On to where the condition of a debugger next holds")
            }
            Self::AddBookmark => words("Add bookmark", "Remember this moment and entity"),
            Self::Compare => {
                words("Compare moments", "Pin this moment on the left and compare others with it")
            }
            Self::CompareEntity => words(
                "Compare with entity…",
                "Show another entity's state beside it, at this moment",
            ),
            Self::PreviousRow => words("Previous row", "Select the row above"),
            Self::NextRow => words("Next row", "Select the row below"),
            Self::Refresh => words("Refresh", "Read topics and consumer groups again"),
            Self::ShowStart => words("Connect…", "Connect to another cluster"),
            Self::ShowGroups => words("Consumer groups", "Show where consumer groups stand"),
            Self::ShowDemo => words("Demo panel", "Send commands to the reference system"),
            Self::StartTour => words("Guided tour", "Find the planted incident in five steps"),
            Self::StartSandboxChapter => {
                words("Sandbox chapter", "Make the incident happen again, and see who survives it")
            }
            Self::NewProjection => {
                words("New projection", "Write a projection and step through it in a sandbox")
            }
            Self::DebugEntity => words(
                "Debug a projection on this entity",
                "Open a sandbox over the events of the entity or topic in front",
            ),
            Self::RunProjection => {
                words("Run projection", "Run what is in the editor over the chosen events")
            }
            Self::SaveProjection => {
                words("Save projection", "Write the script into its file and run it")
            }
            Self::ShowProjections => words("Projections", "Show the projections of the workspace"),
            Self::ShowJobs => words("Jobs", "Show what is running and what has ended"),
            Self::ShowBookmarks => words("Bookmarks", "Show remembered moments"),
            Self::ShowNotices => words("Notices", "Show what happened, newest first"),
            Self::ShowSettings => words("Settings", "Theme, text size, time zone"),
            Self::ShowKeys => words("Keys", "Show every key"),
            Self::ToggleNavigator => words("Navigator", "Show or hide the navigator"),
            Self::ToggleIsolation => {
                words("Isolation", "Read committed records only, or uncommitted ones too")
            }
            Self::ToggleClock => words(
                "Log or event time",
                "What a moment means: what was known, or what had happened",
            ),
            Self::ToggleTimeZone => words("UTC or local time", "Change the zone of all times"),
            Self::ToggleTheme => words("Dark or light", "Change the theme"),
            Self::LargerText => words("Larger text", "Make everything larger"),
            Self::SmallerText => words("Smaller text", "Make everything smaller"),
            Self::NormalText => words("Normal text size", "Back to 100 %"),
            Self::NextTab => words("Next tab", "Go to the next tab"),
            Self::PreviousTab => words("Previous tab", "Go to the previous tab"),
            Self::CloseTab => words("Close tab", "Close the tab in front"),
            Self::Disconnect => words("Disconnect", "Close the connection and all it opened"),
            Self::Quit => words("Quit", "Close the window"),
        }
    }

    /// The keys that set it off; the first one is shown.
    #[expect(clippy::too_many_lines, reason = "a list of keys, one line for each command")]
    pub fn shortcuts(self) -> &'static [KeyboardShortcut] {
        /// A key with these modifiers.
        const fn with(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
            KeyboardShortcut::new(modifiers, key)
        }
        /// A key alone.
        const fn key(key: Key) -> KeyboardShortcut {
            with(Modifiers::NONE, key)
        }
        /// A key with Ctrl, on a Mac with Command.
        const fn ctrl(key: Key) -> KeyboardShortcut {
            with(Modifiers::COMMAND, key)
        }
        /// A key with Ctrl and Shift, on a Mac with Command and Shift.
        const fn ctrl_shift(key: Key) -> KeyboardShortcut {
            with(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
        }
        match self {
            Self::OpenPalette => const { &[ctrl(Key::K)] },
            Self::FocusFilter => const { &[key(Key::Slash), ctrl(Key::F)] },
            Self::Undo => const { &[ctrl(Key::Z)] },
            Self::Redo => const { &[ctrl_shift(Key::Z), ctrl(Key::Y)] },
            Self::GoBack => const { &[with(Modifiers::ALT, Key::ArrowLeft)] },
            Self::GoForward => const { &[with(Modifiers::ALT, Key::ArrowRight)] },
            Self::ReopenTab => const { &[ctrl_shift(Key::T)] },
            Self::Copy => const { &[ctrl(Key::C)] },
            Self::CopyJson => const { &[ctrl_shift(Key::C)] },
            Self::PreviousEvent => const { &[key(Key::ArrowLeft)] },
            Self::NextEvent => const { &[key(Key::ArrowRight)] },
            Self::PreviousChange => const { &[with(Modifiers::SHIFT, Key::ArrowLeft)] },
            Self::NextChange => const { &[with(Modifiers::SHIFT, Key::ArrowRight)] },
            Self::FirstEvent => const { &[key(Key::Home)] },
            Self::LastEvent => const { &[key(Key::End)] },
            Self::TogglePlay => const { &[key(Key::Space)] },
            Self::PlayFaster => const { &[key(Key::CloseBracket)] },
            Self::PlaySlower => const { &[key(Key::OpenBracket)] },
            Self::ToggleFollow => const { &[key(Key::L)] },
            Self::JumpToTime => const { &[key(Key::G)] },
            Self::FitTimeline => const { &[key(Key::F)] },
            Self::ZoomIn => const { &[key(Key::W)] },
            Self::ZoomOut => const { &[key(Key::S)] },
            Self::PanLeft => const { &[key(Key::A)] },
            Self::PanRight => const { &[key(Key::D)] },
            Self::PreviousInLane => const { &[key(Key::Comma)] },
            Self::NextInLane => const { &[key(Key::Period)] },
            Self::PreviousProblem => const { &[with(Modifiers::SHIFT, Key::N)] },
            Self::NextProblem => const { &[key(Key::N)] },
            Self::PreviousBreak => const { &[with(Modifiers::SHIFT, Key::H)] },
            Self::NextBreak => const { &[key(Key::H)] },
            Self::AddBookmark => const { &[key(Key::B)] },
            Self::Compare => const { &[key(Key::C)] },
            Self::CompareEntity => const { &[with(Modifiers::SHIFT, Key::C)] },
            Self::PreviousRow => const { &[key(Key::K), key(Key::ArrowUp)] },
            Self::NextRow => const { &[key(Key::J), key(Key::ArrowDown)] },
            Self::RunProjection => const { &[ctrl(Key::Enter)] },
            Self::SaveProjection => const { &[ctrl(Key::S)] },
            Self::Refresh => const { &[key(Key::F5), ctrl(Key::R)] },
            Self::ShowStart => const { &[ctrl(Key::O)] },
            Self::ShowKeys => const { &[key(Key::Questionmark), key(Key::F1)] },
            Self::ShowSettings => const { &[ctrl(Key::Comma)] },
            Self::ToggleNavigator => const { &[ctrl(Key::B)] },
            Self::LargerText => const { &[ctrl(Key::Plus), ctrl(Key::Equals)] },
            Self::SmallerText => const { &[ctrl(Key::Minus)] },
            Self::NormalText => const { &[ctrl(Key::Num0)] },
            Self::NextTab => const { &[ctrl(Key::Tab), ctrl(Key::PageDown)] },
            Self::PreviousTab => const { &[ctrl_shift(Key::Tab), ctrl(Key::PageUp)] },
            Self::CloseTab => const { &[ctrl(Key::W)] },
            Self::Quit => const { &[ctrl(Key::Q)] },
            Self::CopyCsv
            | Self::CopyAddress
            | Self::CopyState
            | Self::CopyDiff
            | Self::CopyHistory
            | Self::CopyLink
            | Self::ExportHistory
            | Self::ExportStates
            | Self::ExportState
            | Self::ExportDiff
            | Self::ExportRecords
            | Self::ShowCoverage
            | Self::ShowGroups
            | Self::ShowDemo
            | Self::StartTour
            | Self::StartSandboxChapter
            | Self::NewProjection
            | Self::DebugEntity
            | Self::ShowProjections
            | Self::ShowJobs
            | Self::ShowBookmarks
            | Self::ShowNotices
            | Self::ToggleIsolation
            | Self::ToggleClock
            | Self::ToggleTimeZone
            | Self::ToggleTheme
            | Self::Disconnect => &[],
        }
    }

    /// Its first key as it is printed on the key, such as `Ctrl+K`.
    pub fn shortcut_text(self, ctx: &Context) -> Option<String> {
        self.shortcuts().first().map(|shortcut| key_text(ctx, *shortcut))
    }

    /// The form that it copies in.
    pub(crate) fn copy_form(self) -> CopyForm {
        match self {
            Self::CopyJson | Self::CopyState | Self::CopyHistory => CopyForm::Json,
            Self::CopyCsv => CopyForm::Csv,
            _ => CopyForm::Text,
        }
    }

    /// Whether holding the key down repeats it.
    pub(crate) fn repeats(self) -> bool {
        !matches!(
            self,
            Self::TogglePlay
                | Self::ToggleFollow
                | Self::AddBookmark
                | Self::Compare
                | Self::CompareEntity
                | Self::CloseTab
                | Self::ReopenTab
                | Self::RunProjection
                | Self::SaveProjection
        )
    }

    /// Whether it opens a field that one types into at once.
    pub(crate) fn opens_field(self) -> bool {
        matches!(
            self,
            Self::OpenPalette
                | Self::FocusFilter
                | Self::JumpToTime
                | Self::CompareEntity
                | Self::ExportHistory
                | Self::ExportStates
                | Self::ExportState
                | Self::ExportDiff
                | Self::ExportRecords
        )
    }
}

/// A key with its modifiers as they are printed on the keys, such as `Ctrl+,`.
pub(crate) fn key_text(ctx: &Context, shortcut: KeyboardShortcut) -> String {
    let name = match shortcut.logical_key {
        Key::Slash => "/",
        Key::Questionmark => "?",
        Key::Comma => ",",
        Key::Period => ".",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        other => other.name(),
    };
    let is_mac = ctx.os() == egui::os::OperatingSystem::Mac;
    let modifiers = egui::ModifierNames::NAMES.format(&shortcut.modifiers, is_mac);
    if modifiers.is_empty() { name.to_owned() } else { format!("{modifiers}+{name}") }
}

#[cfg(test)]
mod tests;
