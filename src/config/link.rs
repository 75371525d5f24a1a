//! Links to a place in the window: which cluster, what of it, at which moment.
//!
//! ```text
//! foldback://open?cluster=ID&connection=NAME&brokers=HOST:PORT&topic=T&entity=ID
//!                &at=2026-11-23T10:15:00.000Z&through=T:P:O&clock=event&isolation=uncommitted
//! ```
//!
//! A cluster is named by its id, by the name of a connection in `foldback.toml` and by its
//! addresses; whoever opens the link uses the first of them that means something there. `topic` is
//! repeated for an entity of several topics; `record` names a record instead. Without `at` the
//! moment is the end; `through` tells events of the same millisecond apart.
//!
//! Promises: a link that was written is read back as the same; nothing in it is a secret or a
//! record; a link that says something unknown is refused by name.
//! Does not know: what is opened.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::choice::{ClockPoint, EntityKey};
use crate::decode::time_text;
use crate::model::{Clock, EntityId, Isolation, Position, check_topic_name};

/// How long a link may be, in bytes: longer ones reach no program.
const BYTES_MAX: usize = 8192;

/// What every link begins with.
const BEGINNING: &str = "foldback://open";

/// Which cluster a link is to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedCluster {
    /// Its id.
    pub id: Option<String>,
    /// The connection's name in `foldback.toml`.
    pub connection: Option<String>,
    /// Its bootstrap addresses.
    pub brokers: Option<String>,
}

/// What of a cluster a link is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkedPlace {
    /// A topic.
    Topic(Arc<str>),
    /// A record among those of its topic.
    Record(Position),
    /// An entity.
    Entity(EntityKey),
}

/// A link to a place in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The cluster.
    pub cluster: LinkedCluster,
    /// What of it; its topics when there is nothing.
    pub place: Option<LinkedPlace>,
    /// The moment.
    pub at: ClockPoint,
    /// Which time a cut compares.
    pub clock: Clock,
    /// Which records are read.
    pub isolation: Isolation,
}

/// Why a text is no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is something else.
    #[error("this is no link of Foldback")]
    NoLink,
    /// It is longer than any that was copied.
    #[error("the link is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// It has a part that means nothing here.
    #[error("the link has a part `{name}` that is not known")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A part is given twice.
    #[error("the link has two parts `{name}`")]
    Twice {
        /// Its name.
        name: String,
    },
    /// A part has a value that it cannot have.
    #[error("the link has `{value}` as its {name}, which is none")]
    Value {
        /// The part's name.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// It names no cluster.
    #[error("the link names no cluster")]
    NoCluster,
}

impl LinkError {
    /// What a link looks like.
    pub fn hint(&self) -> &'static str {
        "a link looks like foldback://open?brokers=HOST:PORT&topic=TOPIC&entity=ID&at=TIME; \
         \"Copy link\" in the window makes one"
    }
}

/// The parts of a link as they stand.
#[derive(Debug, Default)]
struct Parts {
    /// The topics.
    topics: Vec<Arc<str>>,
    /// The entity.
    entity: Option<EntityId>,
    /// The record.
    record: Option<Position>,
    /// The time, or `start`.
    at: Option<ClockPoint>,
    /// The last record of that time.
    through: Option<Position>,
}

impl Link {
    /// Reads a link.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > BYTES_MAX {
            return Err(LinkError::TooLong);
        }
        let url = Url::parse(text).map_err(|_other| LinkError::NoLink)?;
        let is_link = url.scheme() == "foldback" && url.host_str() == Some("open");
        if !is_link || !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(LinkError::NoLink);
        }
        let mut link = Self {
            cluster: LinkedCluster::default(),
            place: None,
            at: ClockPoint::End,
            clock: Clock::default(),
            isolation: Isolation::default(),
        };
        let mut parts = Parts::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url.query_pairs() {
            if name != "topic" && seen.iter().any(|before| *before == name) {
                return Err(LinkError::Twice { name: name.into_owned() });
            }
            link.take(&mut parts, &name, &value)?;
            seen.push(name.into_owned());
        }
        link.at = parts.moment()?;
        link.place = parts.place()?;
        if link.cluster == LinkedCluster::default() {
            return Err(LinkError::NoCluster);
        }
        Ok(link)
    }

    /// Takes a part.
    fn take(&mut self, parts: &mut Parts, name: &str, value: &str) -> Result<(), LinkError> {
        let text = || Some(value.to_owned());
        match name {
            "cluster" => self.cluster.id = text(),
            "connection" => self.cluster.connection = text(),
            "brokers" => self.cluster.brokers = text(),
            "topic" => {
                check_topic_name(value).map_err(|_fault| wrong("topic", value))?;
                parts.topics.push(value.into());
            }
            "entity" => parts.entity = Some(EntityId::new(value)),
            "entity-base64" => {
                use base64::Engine as _;
                let engine = base64::engine::general_purpose::URL_SAFE;
                let bytes = engine.decode(value).map_err(|_fault| wrong("entity", value))?;
                parts.entity = Some(EntityId::new(bytes));
            }
            "record" => parts.record = Some(position("record", value)?),
            "at" => parts.at = Some(moment(value)?),
            "through" => parts.through = Some(position("through", value)?),
            "clock" => {
                let known = [Clock::Log, Clock::Event];
                let found = known.into_iter().find(|clock| clock.as_str() == value);
                self.clock = found.ok_or_else(|| wrong("clock", value))?;
            }
            "isolation" => {
                let known = [Isolation::Committed, Isolation::Uncommitted];
                let found = known.into_iter().find(|level| level.as_str() == value);
                self.isolation = found.ok_or_else(|| wrong("isolation", value))?;
            }
            _ => return Err(LinkError::Unknown { name: name.to_owned() }),
        }
        Ok(())
    }
}

/// That a part has a value that it cannot have.
fn wrong(name: &'static str, value: &str) -> LinkError {
    LinkError::Value { name, value: value.to_owned() }
}

/// A place in the log.
fn position(name: &'static str, value: &str) -> Result<Position, LinkError> {
    value.parse().map_err(|_fault| wrong(name, value))
}

/// A time in UTC, or the start.
fn moment(value: &str) -> Result<ClockPoint, LinkError> {
    if value == "start" {
        return Ok(ClockPoint::Start);
    }
    let time: jiff::Timestamp = value.parse().map_err(|_fault| wrong("at", value))?;
    Ok(ClockPoint::Time(time.as_millisecond()))
}

impl Parts {
    /// The moment they name.
    fn moment(&mut self) -> Result<ClockPoint, LinkError> {
        match (self.at.take(), self.through.take()) {
            (Some(ClockPoint::Time(time_ms)), Some(position)) => {
                Ok(ClockPoint::Record { time_ms, position })
            }
            (_, Some(position)) => Err(wrong("through", &position.to_string())),
            (at, None) => Ok(at.unwrap_or(ClockPoint::End)),
        }
    }

    /// What of the cluster they name.
    fn place(self) -> Result<Option<LinkedPlace>, LinkError> {
        let Self { mut topics, entity, record, .. } = self;
        topics.sort();
        topics.dedup();
        match (entity, record, topics.as_slice()) {
            (None, None, []) => Ok(None),
            (None, Some(position), []) => Ok(Some(LinkedPlace::Record(position))),
            (None, None, [topic]) => Ok(Some(LinkedPlace::Topic(Arc::clone(topic)))),
            (Some(entity), None, [_, ..]) => {
                Ok(Some(LinkedPlace::Entity(EntityKey { entity, topics: topics.into() })))
            }
            (Some(entity), _, _) => Err(wrong("entity", &entity.to_string())),
            (None, Some(position), _) => Err(wrong("record", &position.to_string())),
            (None, None, [_, second, ..]) => Err(wrong("topic", second)),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = url::form_urlencoded::Serializer::new(String::new());
        let LinkedCluster { id, connection, brokers } = &self.cluster;
        for (name, text) in [("cluster", id), ("connection", connection), ("brokers", brokers)] {
            if let Some(text) = text {
                parts.append_pair(name, text);
            }
        }
        match &self.place {
            None => {}
            Some(LinkedPlace::Topic(topic)) => drop(parts.append_pair("topic", topic)),
            Some(LinkedPlace::Record(position)) => {
                parts.append_pair("record", &position.to_string());
            }
            Some(LinkedPlace::Entity(key)) => {
                for topic in key.topics.iter() {
                    parts.append_pair("topic", topic);
                }
                if let Some(text) = key.entity.as_str() {
                    parts.append_pair("entity", text);
                } else {
                    use base64::Engine as _;
                    let engine = base64::engine::general_purpose::URL_SAFE;
                    parts.append_pair("entity-base64", &engine.encode(key.entity.as_bytes()));
                }
            }
        }
        match &self.at {
            ClockPoint::End => {}
            ClockPoint::Start => drop(parts.append_pair("at", "start")),
            ClockPoint::Time(time_ms) => drop(parts.append_pair("at", &time_text::utc(*time_ms))),
            ClockPoint::Record { time_ms, position } => {
                parts.append_pair("at", &time_text::utc(*time_ms));
                parts.append_pair("through", &position.to_string());
            }
        }
        if self.clock != Clock::default() {
            parts.append_pair("clock", self.clock.as_str());
        }
        if self.isolation != Isolation::default() {
            parts.append_pair("isolation", self.isolation.as_str());
        }
        write!(f, "{BEGINNING}?{}", parts.finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::option::of as some;
    use proptest::prelude::*;

    use super::*;

    /// Some texts that need care in a link.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ -~]{1,12}", any::<String>().prop_filter("said", |text| !text.is_empty())]
    }

    /// Some topic names.
    fn topic() -> impl Strategy<Value = Arc<str>> {
        "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,8}".prop_map(Arc::from)
    }

    /// Some places in the log.
    fn position() -> impl Strategy<Value = Position> {
        let parts = (topic(), 0..100, 0..i64::MAX);
        parts.prop_map(|(topic, partition, offset)| Position { topic, partition, offset })
    }

    /// Some links.
    fn link() -> impl Strategy<Value = Link> {
        let times = -1_000_000_000_000..4_000_000_000_000_i64;
        let at = prop_oneof![
            Just(ClockPoint::Start),
            Just(ClockPoint::End),
            times.clone().prop_map(ClockPoint::Time),
            (times, position())
                .prop_map(|(time_ms, position)| ClockPoint::Record { time_ms, position }),
        ];
        let entity = (
            proptest::collection::vec(any::<u8>(), 0..9),
            proptest::collection::btree_set(topic(), 1..3),
        );
        let entity = entity.prop_map(|(id, topics)| {
            let topics = topics.into_iter().collect();
            LinkedPlace::Entity(EntityKey { entity: EntityId::new(id), topics })
        });
        let place = prop_oneof![
            topic().prop_map(LinkedPlace::Topic),
            position().prop_map(LinkedPlace::Record),
            entity,
        ];
        let clock = prop_oneof![Just(Clock::Log), Just(Clock::Event)];
        let isolation = prop_oneof![Just(Isolation::Committed), Just(Isolation::Uncommitted)];
        (some(text()), some(text()), text(), some(place), at, clock, isolation).prop_map(
            |(id, connection, brokers, place, at, clock, isolation)| Link {
                cluster: LinkedCluster { id, connection, brokers: Some(brokers) },
                place,
                at,
                clock,
                isolation,
            },
        )
    }

    proptest! {
        #[test]
        fn a_link_that_was_written_is_read_back_as_the_same(link in link()) {
            let text = link.to_string();
            prop_assert!(text.is_ascii() && !text.contains(' '), "it survives a mail: {text}");
            prop_assert_eq!(Link::parse(&text), Ok(link));
        }

        #[test]
        fn whatever_is_no_link_is_refused_in_words(text in any::<String>()) {
            if let Err(error) = Link::parse(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn a_link_is_text_that_a_person_can_read() {
        let link = Link::parse(
            "foldback://open?brokers=localhost:9092&topic=order-events&entity=order-7\
             &at=2026-11-23T10:15:00Z",
        );
        let link = link.unwrap();
        let key = EntityKey {
            entity: EntityId::new("order-7"),
            topics: Arc::new(["order-events".into()]),
        };
        assert_eq!(link.place, Some(LinkedPlace::Entity(key)));
        assert_eq!(link.at, ClockPoint::Time(1_795_428_900_000));
        assert_eq!(
            link.to_string(),
            "foldback://open?brokers=localhost%3A9092&topic=order-events&entity=order-7\
             &at=2026-11-23T10%3A15%3A00.000Z"
        );
    }

    #[test]
    fn what_a_link_cannot_mean_is_named() {
        let refused = |query: &str| {
            Link::parse(&format!("foldback://open?brokers=b&{query}")).unwrap_err().to_string()
        };
        assert!(refused("topc=a").contains("`topc`"));
        assert!(refused("topic=a&topic=b").contains("topic"));
        assert!(refused("topic=a%20b").contains("`a b`"));
        assert!(refused("entity=a").contains("entity"), "in which topic?");
        assert!(refused("at=yesterday").contains("`yesterday`"));
        assert!(refused("at=start&through=a:0:1").contains("a:0:1"));
        assert!(refused("clock=log&clock=log").contains("two parts"));
        assert_eq!(Link::parse("foldback://open?topic=a"), Err(LinkError::NoCluster));
        for other in ["https://open?brokers=b", "foldback://run?brokers=b", "order-7", ""] {
            assert_eq!(Link::parse(other), Err(LinkError::NoLink), "{other}");
        }
    }
}
