//! What the window asks of the workspace.
//!
//! Promises: plain data; sending one never waits, and everything it sets off can be seen in a later
//! snapshot.
//! Does not know: how commands are carried out (`engine`).

use std::sync::Arc;

use crate::config::Link;
use crate::evidence::save::SaveTo;
use crate::model::{Clock, Isolation, JsonPointer, Position};
use crate::workspace::{
    Bookmark, ClockPoint, CompareWith, ConnectionChoice, CopyForm, CopyWhat, CoverageOf, Decoder,
    DemoFault, EntityKey, HistoryChoice, JobId, LanesWanted, RecentKey, RecordFilter,
    SandboxCommand, SandboxKey, SaveOf, StartPosition,
};

/// What a step of the clock goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepTarget {
    /// Before the first event of the entity in front.
    First,
    /// The event before.
    PreviousEvent,
    /// The event after.
    NextEvent,
    /// The end of what was read.
    Last,
    /// The last change of this path before the clock.
    PreviousChange(JsonPointer),
    /// The next change of this path after the clock.
    NextChange(JsonPointer),
}

/// Moves the one clock.
#[derive(Clone, Debug, PartialEq)]
pub enum ClockCommand {
    /// To this moment. Leaves following.
    Set(ClockPoint),
    /// A step along the events of this entity. Leaves following.
    Step(EntityKey, StepTarget),
    /// Plays on by itself at this many times real time; 0 plays one event a second.
    Play(u32),
    /// Stops playing and following.
    Pause,
    /// Stays at the end as new records arrive.
    Follow,
    /// Which time a cut compares.
    UseClock(Clock),
}

/// A command to the reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DemoCommand {
    /// A command of the command side, such as `CreateOrder`, with its arguments as `name=value`
    /// texts.
    Send {
        /// The command's name.
        name: String,
        /// Its arguments in order: name and text.
        arguments: Vec<(String, String)>,
    },
    /// Switches a fault of a projector.
    SetFault {
        /// The projector's name.
        projector: String,
        /// Which fault.
        fault: DemoFault,
        /// On or off.
        on: bool,
    },
    /// Looks up the read-model row of an entity.
    LookUp(String),
    /// Lets live traffic run or stand.
    SetTraffic(bool),
}

/// What the window asks of the workspace.
#[derive(Clone, Debug)]
pub enum Command {
    /// Connects; what was open is closed.
    Connect(ConnectionChoice),
    /// Opens the reference system on its embedded cluster; ignored where the program brings none.
    OpenDemo,
    /// Checks a connection step by step without opening it.
    CheckConnection(ConnectionChoice),
    /// Connects to one used before and opens again what was open on it.
    ConnectRecent(RecentKey),
    /// Takes a connection off the list of those used before, with what was open on it.
    ForgetRecent(RecentKey),
    /// Connects again to what was tried or connected to last.
    Reconnect,
    /// Closes the connection and everything open on it.
    Disconnect,
    /// How the window's tabs of this number are arranged, to be kept with their connection.
    Arrange(u64, Arc<str>),
    /// Reads the list of topics anew.
    RefreshTopics,
    /// Which records are read from now on; what is open is read anew.
    SetIsolation(Isolation),
    /// Opens a topic without reading its records.
    OpenTopic(Arc<str>),
    /// Closes a topic and forgets its records.
    CloseTopic(Arc<str>),
    /// Reads a topic from here; what was read of it before is forgotten.
    Read(Arc<str>, StartPosition),
    /// Sets which records of a topic are shown.
    SetFilter(Arc<str>, RecordFilter),
    /// Counts the events of each type among the records that a topic shows.
    CountTypes(Arc<str>),
    /// These pages of rows come into view: their texts are wanted.
    NeedPages(Arc<str>, Vec<u64>),
    /// This part of a topic's timeline comes into view.
    NeedLanes(Arc<str>, LanesWanted),
    /// Shows everything about a record.
    InspectRecord(Position),
    /// Puts together what a verdict rests on; the next snapshot shows it.
    ShowCoverage(CoverageOf),
    /// Copies something that only the workspace has whole; a later snapshot brings it.
    Copy(CopyWhat, CopyForm),
    /// Follows a link: connects where it leads, and opens what it names.
    OpenLink(Box<Link>),
    /// Saves something that is open into a file; a notice says when it is there.
    Save(SaveOf, SaveTo),
    /// Decodes a topic's values in this way; as was found where there is none.
    SetDecoder(Arc<str>, Option<Decoder>),
    /// Shows only entities whose id contains this text.
    SearchEntities(Arc<str>, String),
    /// Opens an entity: its whole history is read if it is not in memory.
    OpenEntity(EntityKey),
    /// Closes an entity.
    CloseEntity(EntityKey),
    /// Folds an entity with this built-in fold.
    SetFold(EntityKey, String),
    /// Marks one path of an entity's state: its writers are told.
    SelectPath(EntityKey, Option<JsonPointer>),
    /// Compares the entity's state at the clock with another; `None` ends it.
    Compare(EntityKey, Option<CompareWith>),
    /// Reads the consumer groups anew.
    RefreshGroups,
    /// Keeps the groups fresh while their view is open.
    WatchGroups(bool),
    /// Moves the clock.
    Clock(ClockCommand),
    /// Stops a job; what it found stays, labelled.
    CancelJob(JobId),
    /// Takes finished jobs off the list.
    ClearJobs,
    /// Remembers a moment.
    AddBookmark(Bookmark),
    /// Changes the bookmark with this number in the list.
    ChangeBookmark(usize, Bookmark),
    /// Forgets the bookmark with this number in the list.
    RemoveBookmark(usize),
    /// Marks all notices as read.
    ReadNotices,
    /// A command to the reference system; ignored where none runs.
    Demo(DemoCommand),
    /// Looks for the scripts of the workspace anew.
    FindScripts,
    /// Opens a sandbox over these events; over others where it is open already.
    OpenSandbox(SandboxKey, HistoryChoice),
    /// Closes a sandbox.
    CloseSandbox(SandboxKey),
    /// Asks something of an open sandbox.
    Sandbox(SandboxKey, SandboxCommand),
}
