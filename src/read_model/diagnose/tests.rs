mod planted;

use super::testing::event;
use super::*;
use crate::fold::{JavaScriptFold, Program, builtin};
use crate::model::{EntityId, Reason, ReasonKind, Verdict};
use crate::read_model::{Cell, Row, RowMapping};

/// A projection that sums, counts, collects and overwrites.
const ORDER: &str = "fromAll().when({
  $init: () => ({ status: 'NONE', total: 0, lines: 0, items: [] }),
  Created(s, e) { s.status = 'NEW'; s.customer = e.body.customer },
  Added(s, e) { s.total += e.body.amount; s.lines++; s.items.push(e.body.item) },
  Priced(s, e) { s.price = e.body.price },
  Moved(s, e) { s.status = e.body.status },
})";

/// The fold of a script.
fn script(name: &str, source: &str) -> Arc<dyn Fold> {
    Arc::new(JavaScriptFold::new(Program::read(name, source).unwrap(), []))
}

/// How many events may be applied in a test.
const BUDGET: Budget = Budget { events: 400_000 };

/// A history and what is known beside it.
struct World {
    events: Vec<Event>,
    hidden: Vec<Hidden>,
    withheld: Vec<Event>,
    fold: Arc<dyn Fold>,
    was: Option<Arc<dyn Fold>>,
    cut: Cut,
    starts: Offsets,
    completeness: Completeness,
    dead_letters: Vec<DeadLetter>,
    poison: Vec<(TopicPartition, Poison)>,
    mapping: RowMapping,
}

impl World {
    /// A world of these events, all of which a group has committed.
    fn new(fold: &Arc<dyn Fold>, events: Vec<Event>) -> Self {
        let mut world = Self {
            events,
            hidden: Vec::new(),
            withheld: Vec::new(),
            fold: Arc::clone(fold),
            was: None,
            cut: Cut::default(),
            starts: Offsets::new(),
            completeness: Completeness::default(),
            dead_letters: Vec::new(),
            poison: Vec::new(),
            mapping: RowMapping::default(),
        };
        let ends = world.offsets_behind(world.events.len());
        world.starts = ends.keys().map(|partition| (partition.clone(), 0)).collect();
        let sample = Sample { ends, committed: None };
        world.cut = Cut { before: sample.clone(), after: sample };
        world.commit(world.events.len());
        world
    }

    /// The offsets behind the first events, this many.
    fn offsets_behind(&self, count: usize) -> Offsets {
        let mut offsets: Offsets =
            self.events.iter().map(|event| (event.position.topic_partition(), 0)).collect();
        for event in &self.events[..count] {
            offsets.insert(event.position.topic_partition(), event.position.offset + 1);
        }
        offsets
    }

    /// Lets the group have committed the first events, this many.
    fn commit(&mut self, count: usize) {
        let committed = Some(self.offsets_behind(count));
        self.cut.before.committed.clone_from(&committed);
        self.cut.after.committed = committed;
    }

    /// The state that these events lead to.
    fn folded<'e>(&self, events: impl IntoIterator<Item = &'e Event>) -> Value {
        let mut state = self.fold.init();
        for event in events {
            self.fold.apply(&mut state, event);
        }
        state
    }

    /// The state after the first events, this many.
    fn state(&self, count: usize) -> Value {
        self.folded(&self.events[..count])
    }

    /// The row of a state with these columns.
    fn row(state: &Value, columns: &[&str]) -> Option<Row> {
        if state.is_null() {
            return None;
        }
        let whole = Row::of_document(state);
        let cell = |name: &str| whole.cell(name).cloned().unwrap_or_else(Cell::null);
        Some(Row::new(columns.iter().map(|name| (*name, cell(name)))))
    }

    /// What is said of a row.
    fn diagnose(&self, row: Option<Row>) -> Diagnosis {
        let row = self.mapping.of_row(&EntityId::new("e"), row, false).unwrap();
        let subject = Subject {
            events: self.events.clone(),
            hidden: self.hidden.clone(),
            withheld: self.withheld.clone(),
            row: &row,
            fold: Arc::clone(&self.fold),
            was: self.was.clone(),
            cut: &self.cut,
            starts: &self.starts,
            completeness: &self.completeness,
            has_holes: false,
            dead_letters: &self.dead_letters,
            poison: &self.poison,
            group: GroupState::Active,
            now_ms: 2_000_000,
        };
        diagnose(&subject, BUDGET)
    }

    /// What is said of the row of a state.
    fn diagnose_state(&self, state: &Value) -> Diagnosis {
        self.diagnose(Self::row(state, &COLUMNS))
    }
}

/// The columns of rows.
const COLUMNS: [&str; 6] = ["status", "total", "lines", "items", "customer", "price"];

/// Events of an order in one partition.
fn order(bodies: &[(&str, &str)]) -> Vec<Event> {
    (1..).zip(bodies).map(|(version, (name, body))| event(version, name, body)).collect()
}

/// Four events of an order, each of which changes something of its own.
fn four() -> Vec<Event> {
    order(&[
        ("Created", r#"{"customer":"Ann"}"#),
        ("Added", r#"{"amount":10.5,"item":"a"}"#),
        ("Added", r#"{"amount":20,"item":"b"}"#),
        ("Moved", r#"{"status":"PAID"}"#),
    ])
}

/// The classes of the best rank.
fn best(diagnosis: &Diagnosis) -> Vec<Class> {
    diagnosis.hypotheses.iter().filter(|one| one.rank == 1).map(|one| one.class).collect()
}

/// The place of the event that is blamed first.
fn blamed(diagnosis: &Diagnosis) -> Option<String> {
    diagnosis.hypotheses.first()?.event.as_ref().map(|event| event.position.to_string())
}

#[test]
fn a_row_that_is_the_state_of_the_log_is_fresh_and_nothing_else() {
    let world = World::new(&script("o.js", ORDER), four());
    let diagnosis = world.diagnose_state(&world.state(4));
    assert_eq!(best(&diagnosis), [Class::Fresh]);
    assert_eq!(diagnosis.hypotheses.len(), 1);
    assert!(diagnosis.differences.is_empty() && !diagnosis.tie);
}

#[test]
fn a_row_as_old_as_the_commits_is_lagging_and_one_older_was_not_applied() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.commit(2);
    let lagging = world.diagnose_state(&world.state(2));
    assert_eq!((lagging.class, blamed(&lagging).unwrap()), (Class::Lagging, "t-0@2".into()));
    assert_eq!(lagging.hypotheses[0].evidence.missing, Some(2));
    let behind = world.diagnose_state(&world.state(1));
    assert_eq!((behind.class, blamed(&behind).unwrap()), (Class::NotApplied, "t-0@1".into()));
    let ahead = world.diagnose_state(&world.state(3));
    assert_eq!((ahead.class, blamed(&ahead).unwrap()), (Class::Ahead, "t-0@2".into()));
    let none = world.diagnose(None);
    assert_eq!((none.class, blamed(&none).unwrap()), (Class::NotApplied, "t-0@0".into()));
}

#[test]
fn without_commits_nobody_can_say_whether_a_consumer_is_late() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.cut.before.committed = None;
    world.cut.after.committed = None;
    let diagnosis = world.diagnose_state(&world.state(3));
    assert!(diagnosis.tie);
    let classes = best(&diagnosis);
    assert!(
        classes.contains(&Class::Lagging) && classes.contains(&Class::NotApplied),
        "{classes:?}"
    );
}

#[test]
fn what_comes_while_a_row_is_read_is_in_flight() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.cut.before.ends = world.offsets_behind(2);
    for at in 2..=4 {
        assert_eq!(world.diagnose_state(&world.state(at)).class, Class::Fresh, "{at}");
    }
    assert_eq!(world.diagnose_state(&world.state(3)).in_flight, 2);
    assert_ne!(world.diagnose_state(&world.state(1)).class, Class::Fresh);
}

#[test]
fn an_event_that_no_trace_tells_from_another_is_a_tie_within_the_class() {
    let fold = builtin("count").unwrap();
    let mut events = four();
    events.push(event(5, "Moved", "{}"));
    let world = World::new(&fold, events);
    let mut kept: Vec<&Event> = world.events.iter().collect();
    kept.remove(2);
    let state = world.folded(kept);
    let diagnosis = world.diagnose(World::row(&state, &["events", "by_type"]));
    let first = &diagnosis.hypotheses[0];
    assert_eq!(first.class, Class::MissedEvent);
    let all: Vec<String> = first
        .event
        .iter()
        .chain(&first.evidence.also)
        .map(|event| event.position.to_string())
        .collect();
    assert!(all.contains(&"t-0@2".to_owned()) && all.contains(&"t-0@1".to_owned()), "{all:?}");
}

#[test]
fn a_dead_letter_makes_the_event_that_it_names_the_best_explanation() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.dead_letters = vec![DeadLetter {
        position: TopicPartition::new("t.DLT", 0).at(7),
        of: TopicPartition::new("t", 0).at(1),
        by_headers: true,
        reason: Some("boom".to_owned()),
    }];
    let kept = [0, 2, 3].map(|index| &world.events[index]);
    let diagnosis = world.diagnose_state(&world.folded(kept));
    let first = &diagnosis.hypotheses[0];
    assert_eq!((first.class, first.evidence.strength), (Class::MissedEvent, Strength::DeadLetter));
    assert!(first.explanation.contains("t.DLT-0@7 (boom)"), "{}", first.explanation);
}

#[test]
fn the_rows_own_position_decides_between_places_that_fit() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.mapping.position = Some(crate::read_model::PositionIn {
        topic: "t".into(),
        partition: "p".into(),
        offset: "o".into(),
    });
    let with_position = |state: &Value, offset: i64| {
        let mut row = World::row(state, &COLUMNS).unwrap();
        row.cells.insert("p".into(), Cell::new(Value::from(0_i64), crate::read_model::Held::Exact));
        row.cells
            .insert("o".into(), Cell::new(Value::from(offset), crate::read_model::Held::Exact));
        Some(row)
    };
    let state = world.state(3);
    let stands = world.diagnose(with_position(&state, 2));
    assert_eq!(
        (stands.class, stands.hypotheses[0].evidence.strength),
        (Class::NotApplied, Strength::Position)
    );
    let passed = world.diagnose(with_position(&state, 3));
    assert_eq!((passed.class, blamed(&passed).unwrap()), (Class::MissedEvent, "t-0@3".into()));
    let beyond = world.diagnose(with_position(&state, 99));
    assert_eq!(beyond.class, Class::EpochMismatch);
}

#[test]
fn a_history_without_its_beginning_is_compared_with_its_rest_alone() {
    let mut events = four();
    for (version, event) in (5..).zip(&mut events) {
        event.position.offset += 40;
        event.mapped_version = Some(version);
    }
    let mut world = World::new(&script("o.js", ORDER), events);
    world.starts.insert(TopicPartition::new("t", 0), 40);
    assert_eq!(world.diagnose_state(&world.state(4)).class, Class::TruncatedBase);
    assert_eq!(world.diagnose_state(&world.state(3)).class, Class::Unverifiable);
}

#[test]
fn where_history_is_missing_nothing_is_guessed() {
    let mut world = World::new(&script("o.js", ORDER), four());
    let reason =
        Reason { kind: ReasonKind::Compaction, detail: "compacted".into(), ranges: vec![] };
    world.completeness.add(Verdict::Partial, reason);
    let row = World::row(&world.folded(&world.events[1..]), &COLUMNS);
    let row_of = world.mapping.of_row(&EntityId::new("e"), row, false).unwrap();
    let subject = Subject {
        events: world.events.clone(),
        hidden: Vec::new(),
        withheld: Vec::new(),
        row: &row_of,
        fold: Arc::clone(&world.fold),
        was: None,
        cut: &world.cut,
        starts: &world.starts,
        completeness: &world.completeness,
        has_holes: true,
        dead_letters: &[],
        poison: &[],
        group: GroupState::Unknown,
        now_ms: 0,
    };
    let mut unrelated = row_of.clone();
    unrelated.compared[0].cell.value = Value::from("NEVER");
    let diagnosis = diagnose(&Subject { row: &unrelated, ..subject }, BUDGET);
    assert_eq!(diagnosis.class, Class::Unverifiable);
    assert!(diagnosis.hypotheses[0].explanation.contains("compacted"));
}

#[test]
fn a_group_that_stands_before_a_record_it_cannot_take_is_stuck() {
    let mut world = World::new(&script("o.js", ORDER), four());
    world.commit(2);
    let poison = Poison { event: EventRef::new(&world.events[2]), failure: "no JSON".into() };
    world.poison = vec![(TopicPartition::new("t", 0), poison)];
    let diagnosis = world.diagnose_state(&world.state(2));
    assert_eq!(
        (diagnosis.class, blamed(&diagnosis).unwrap()),
        (Class::StuckOnPoison, "t-0@2".into())
    );
}

#[test]
fn what_an_open_transaction_withholds_is_told_as_that() {
    let mut events = four();
    let withheld = events.split_off(3);
    let mut world = World::new(&script("o.js", ORDER), events);
    world.withheld = withheld;
    let diagnosis = world.diagnose_state(&world.state(3));
    assert_eq!(
        (diagnosis.class, blamed(&diagnosis).unwrap()),
        (Class::BlockedAtLso, "t-0@3".into())
    );
}

#[test]
fn what_nothing_explains_says_when_each_column_last_held_its_value() {
    let world = World::new(&script("o.js", ORDER), four());
    let mut row = World::row(&world.state(4), &COLUMNS).unwrap();
    row.cells["status"].value = Value::from("NEW");
    row.cells["customer"].value = Value::from("Bob");
    let diagnosis = world.diagnose(Some(row));
    assert_eq!(diagnosis.class, Class::ProjectionMismatch);
    let columns = &diagnosis.hypotheses[0].evidence.columns;
    assert_eq!(columns[0].last_held_after.as_ref().unwrap().version, 3);
    assert_eq!((&*columns[1].column, &columns[1].last_held_after), ("customer", &None));
    assert_eq!(columns[0].changed_by, ["Created", "Moved"].map(Arc::<str>::from));
}

#[test]
fn long_histories_are_searched_by_what_the_columns_make_likely() {
    let bodies: Vec<(String, String)> = (0..3_000_u32)
        .map(|number| {
            (
                "Added".to_owned(),
                format!(r#"{{"amount":{},"item":"i{number}"}}"#, number * 7 % 1009 + 1),
            )
        })
        .collect();
    let events: Vec<Event> =
        (1..).zip(&bodies).map(|(version, (name, body))| event(version, name, body)).collect();
    let sums = "fromAll().when({ $init: () => ({ total: 0, lines: 0 }),
        Added(s, e) { s.total += e.body.amount; s.lines++ } })";
    let world = World::new(&script("sums.js", sums), events);
    let columns = ["total", "lines"];
    let missing =
        world.events.iter().enumerate().filter(|(at, _)| *at != 1_234).map(|(_, event)| event);
    let row = World::row(&world.folded(missing), &columns);
    let limited = |row: Option<Row>| {
        let row = world.mapping.of_row(&EntityId::new("e"), row, false).unwrap();
        let subject = Subject {
            events: world.events.clone(),
            hidden: Vec::new(),
            withheld: Vec::new(),
            row: &row,
            fold: Arc::clone(&world.fold),
            was: None,
            cut: &world.cut,
            starts: &world.starts,
            completeness: &world.completeness,
            has_holes: false,
            dead_letters: &[],
            poison: &[],
            group: GroupState::Active,
            now_ms: 0,
        };
        diagnose(&subject, Budget { events: 60_000 })
    };
    let named = |diagnosis: &Diagnosis, class: Class, place: &str| {
        let first = &diagnosis.hypotheses[0];
        assert_eq!(first.class, class, "{first:?}");
        let ranges = first.evidence.also_ranges.iter().chain(&first.evidence.range).flatten();
        let all = first.event.iter().chain(&first.evidence.also).chain(ranges);
        let all: Vec<String> = all.map(|event| event.position.to_string()).collect();
        assert!(all.iter().any(|known| known == place), "{place} in {all:?}");
    };
    let diagnosis = limited(row);
    named(&diagnosis, Class::MissedEvent, "t-0@1234");
    assert!(!diagnosis.not_searched.is_empty(), "what was not tried is told");
    let twice = world.events[..2_500].iter().chain(&world.events[2_300..]);
    let row = World::row(&world.folded(twice), &columns);
    named(&limited(row), Class::AppliedTwice, "t-0@2300");
}
