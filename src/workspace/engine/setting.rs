//! What the user sets in the workspace and may want back: the clock, filters, how things are read
//! and compared.
//!
//! Promises: the commands of a setting bring back what it was; a command that sets nothing has
//! none.
//! Does not know: what was set when (`undo`).

use std::sync::Arc;

use super::command::{ClockCommand, Command};
use crate::model::{Clock, Isolation};
use crate::workspace::{
    ClockMode, ClockPoint, CompareWith, Decoder, EntityKey, RecordFilter, Snapshot, TopicView,
};

/// Something that was set, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Where the clock stands, or that it follows.
    Clock {
        /// Where.
        at: ClockPoint,
        /// Whether it follows.
        follows: bool,
    },
    /// Which time a cut compares.
    TimeOfCuts(Clock),
    /// Which records of a topic are shown.
    Filter(Arc<str>, RecordFilter),
    /// How the values of a topic are decoded.
    Decoder(Arc<str>, Option<Decoder>),
    /// How an entity is folded.
    Fold(EntityKey, Arc<str>),
    /// What an entity's state is compared with.
    Comparison(EntityKey, Option<CompareWith>),
    /// Which records are read.
    Isolation(Isolation),
}

impl Setting {
    /// What a command is about to overwrite; nothing where it sets nothing, or what it sets is not
    /// open.
    pub fn overwritten_by(command: &Command, snapshot: &Snapshot) -> Option<Self> {
        match command {
            Command::Clock(ClockCommand::UseClock(_)) => {
                Some(Self::TimeOfCuts(snapshot.clock.clock))
            }
            Command::Clock(ClockCommand::Pause) => None,
            Command::Clock(_) => Some(Self::clock(snapshot)),
            Command::SetFilter(topic, _) => {
                let view = snapshot.topic_view(topic)?;
                Some(Self::Filter(Arc::clone(topic), view.filter.clone()))
            }
            Command::SetDecoder(topic, _) => {
                let view = snapshot.topic_view(topic)?;
                Some(Self::Decoder(Arc::clone(topic), view.decoder))
            }
            Command::SetFold(key, _) => {
                let view = snapshot.entity_view(key)?;
                Some(Self::Fold(key.clone(), Arc::clone(&view.fold)))
            }
            Command::Compare(key, _) => {
                let view = snapshot.entity_view(key)?;
                Some(Self::Comparison(key.clone(), view.compare_with.clone()))
            }
            Command::SetIsolation(_) => Some(Self::Isolation(snapshot.isolation)),
            _ => None,
        }
    }

    /// The clock as it stands.
    fn clock(snapshot: &Snapshot) -> Self {
        let clock = &snapshot.clock;
        Self::Clock { at: clock.at.clone(), follows: clock.mode == ClockMode::Following }
    }

    /// The same setting as it is now; nothing where what it belongs to is not open any more.
    pub fn current(&self, snapshot: &Snapshot) -> Option<Self> {
        self.commands().first().and_then(|command| Self::overwritten_by(command, snapshot))
    }

    /// Whether the other is the same setting, with whatever value.
    pub fn is_same_setting(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Clock { .. }, Self::Clock { .. })
            | (Self::TimeOfCuts(_), Self::TimeOfCuts(_))
            | (Self::Isolation(_), Self::Isolation(_)) => true,
            (Self::Filter(one, _), Self::Filter(other, _))
            | (Self::Decoder(one, _), Self::Decoder(other, _)) => one == other,
            (Self::Fold(one, _), Self::Fold(other, _))
            | (Self::Comparison(one, _), Self::Comparison(other, _)) => one == other,
            _ => false,
        }
    }

    /// The commands that set it to this value; the first of them is the one that sets it.
    pub fn commands(&self) -> Vec<Command> {
        match self.clone() {
            Self::Clock { follows: true, .. } => vec![Command::Clock(ClockCommand::Follow)],
            Self::Clock { at, follows: false } => {
                // Else it would play on from there.
                vec![Command::Clock(ClockCommand::Set(at)), Command::Clock(ClockCommand::Pause)]
            }
            Self::TimeOfCuts(clock) => vec![Command::Clock(ClockCommand::UseClock(clock))],
            Self::Filter(topic, filter) => vec![Command::SetFilter(topic, filter)],
            Self::Decoder(topic, decoder) => vec![Command::SetDecoder(topic, decoder)],
            Self::Fold(key, fold) => vec![Command::SetFold(key, fold.to_string())],
            Self::Comparison(key, with) => vec![Command::Compare(key, with)],
            Self::Isolation(isolation) => vec![Command::SetIsolation(isolation)],
        }
    }

    /// What it is, in a few words.
    pub fn name(&self) -> String {
        match self {
            Self::Clock { .. } => "clock".to_owned(),
            Self::TimeOfCuts(_) => "log or event time".to_owned(),
            Self::Filter(topic, _) => format!("filter of {topic}"),
            Self::Decoder(topic, _) => format!("decoder of {topic}"),
            Self::Fold(key, _) => format!("fold of {}", key.entity),
            Self::Comparison(key, _) => format!("comparison of {}", key.entity),
            Self::Isolation(_) => "isolation".to_owned(),
        }
    }
}

impl TopicView {
    /// The commands that bring it back as it is, once it was closed.
    pub fn reopening(&self) -> Vec<Command> {
        let topic = &self.topic;
        let mut commands = vec![Command::OpenTopic(Arc::clone(topic))];
        if self.decoder.is_some() {
            commands.push(Command::SetDecoder(Arc::clone(topic), self.decoder));
        }
        commands.extend(self.start.clone().map(|start| Command::Read(Arc::clone(topic), start)));
        if self.filter != RecordFilter::default() {
            commands.push(Command::SetFilter(Arc::clone(topic), self.filter.clone()));
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{ClockView, StartPosition};

    /// A snapshot with one topic open and this filter.
    fn filtered(text: &str) -> Snapshot {
        let filter = RecordFilter { text: text.to_owned(), ..RecordFilter::default() };
        let start = Some(StartPosition::Newest(7));
        let view = TopicView { topic: "t".into(), filter, start, ..TopicView::default() };
        Snapshot { topic_views: vec![Arc::new(view)], ..Snapshot::default() }
    }

    #[test]
    fn what_a_command_overwrites_is_brought_back_by_the_commands_of_the_setting() {
        let snapshot = filtered("kettle");
        let typed = Command::SetFilter("t".into(), RecordFilter::default());
        let before = Setting::overwritten_by(&typed, &snapshot).unwrap();
        assert!(matches!(&before.commands()[..],
            [Command::SetFilter(_, filter)] if filter.text == "kettle"));
        assert_eq!(before.current(&snapshot), Some(before.clone()), "nothing was changed yet");
        assert_eq!(before.current(&Snapshot::default()), None, "the topic is closed");
        assert!(before.is_same_setting(&Setting::Filter("t".into(), RecordFilter::default())));
        assert!(!before.is_same_setting(&Setting::Filter("u".into(), RecordFilter::default())));
    }

    #[test]
    fn a_clock_that_followed_follows_again_and_one_that_stood_stands() {
        let clock = |mode| ClockView { at: ClockPoint::Time(5), mode, ..ClockView::default() };
        let before = |mode| {
            let snapshot = Snapshot { clock: clock(mode), ..Snapshot::default() };
            let step = Command::Clock(ClockCommand::Set(ClockPoint::Start));
            Setting::overwritten_by(&step, &snapshot).unwrap().commands()
        };
        let following = before(ClockMode::Following);
        assert!(matches!(&following[..], [Command::Clock(ClockCommand::Follow)]));
        let playing = before(ClockMode::Playing(60));
        assert!(matches!(
            &playing[..],
            [
                Command::Clock(ClockCommand::Set(ClockPoint::Time(5))),
                Command::Clock(ClockCommand::Pause)
            ]
        ));
    }

    #[test]
    fn a_topic_is_opened_again_where_it_was_read_and_as_it_was_filtered() {
        let snapshot = filtered("kettle");
        let commands = snapshot.topic_views[0].reopening();
        assert!(matches!(
            &commands[..],
            [
                Command::OpenTopic(_),
                Command::Read(_, StartPosition::Newest(7)),
                Command::SetFilter(_, _)
            ]
        ));
    }
}
