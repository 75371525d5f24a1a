use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::model::{Number, Random};
use crate::read_model::diagnose::testing::placed;

/// The projection as it was before, when it counted every amount twice.
const ORDER_BEFORE: &str = "fromAll().when({
  $init: () => ({ status: 'NONE', total: 0, lines: 0, items: [] }),
  Created(s, e) { s.status = 'NEW'; s.customer = e.body.customer },
  Added(s, e) { s.total += 2 * e.body.amount; s.lines++; s.items.push(e.body.item) },
  Priced(s, e) { s.price = e.body.price },
  Moved(s, e) { s.status = e.body.status },
})";

/// What was planted.
struct Planted {
    class: Class,
    /// The places that may be blamed.
    places: Vec<Position>,
    row: Option<Row>,
    world: World,
}

/// A random order in one or two partitions.
fn any_order(random: &mut Random, is_script: bool) -> Vec<Event> {
    let count = 4 + random.below(16);
    let partitions = 1 + random.below(2);
    let states = ["PACKED", "PAID", "SHIPPED", "HELD", "LOST", "FOUND"];
    let mut next = [0_i64, 0];
    (1..=count)
        .map(|version| {
            let amount = format!("{}.{:02}", 1 + random.below(900), random.below(100));
            let (name, body) = match (version, random.below(4)) {
                (1, _) => (
                    "Created",
                    format!(r#"{{"status":"NEW","total":{amount},"customer":"c{version}"}}"#),
                ),
                (_, 0) => {
                    let status = states[usize::try_from(random.below(6)).unwrap()];
                    ("Moved", format!(r#"{{"status":"{status}-{version}"}}"#))
                }
                (_, 1) => ("Priced", format!(r#"{{"price":{amount}}}"#)),
                (_, 2) if !is_script => ("Priced", format!(r#"{{"total":{amount}}}"#)),
                _ => ("Added", format!(r#"{{"amount":{amount},"item":"i{version}"}}"#)),
            };
            let partition = usize::try_from(random.below(partitions)).unwrap();
            let offset = next[partition];
            next[partition] += 1 + i64::try_from(random.below(3)).unwrap();
            placed(event(version, name, &body), i32::try_from(partition).unwrap(), offset)
        })
        .collect()
}

/// A place of a history.
fn at(random: &mut Random, from: usize, to: usize) -> usize {
    from + usize::try_from(random.below(u64::try_from(to - from + 1).unwrap())).unwrap()
}

/// Plants a fault of this class in a random history; none where it cannot be seen.
#[expect(clippy::too_many_lines, reason = "one arm for each class")]
fn plant(class: Class, random: &mut Random) -> Option<Planted> {
    let is_script = random.below(2) == 0;
    let fold = if is_script { script("o.js", ORDER) } else { builtin("merge").unwrap() };
    let mut world = World::new(&fold, any_order(random, is_script));
    let count = world.events.len();
    let place = |world: &World, number: usize| world.events[number - 1].position.clone();
    let (state, places) = match class {
        Class::Lagging => {
            let stands = at(random, 0, count - 1);
            world.commit(stands);
            (world.state(stands), vec![place(&world, stands + 1)])
        }
        Class::NotApplied => {
            let committed = at(random, 2, count);
            let stands = at(random, 0, committed - 1);
            world.commit(committed);
            (
                world.state(stands),
                (stands + 1..=committed).map(|number| place(&world, number)).collect(),
            )
        }
        Class::Ahead => {
            let stands = at(random, 2, count - 1);
            let committed = at(random, 0, stands - 1);
            world.commit(committed);
            (
                world.state(stands),
                (committed + 1..=stands).map(|number| place(&world, number)).collect(),
            )
        }
        Class::MissedEvent => {
            let missed = at(random, 1, count - 1);
            let kept = (1..=count).filter(|number| *number != missed);
            let state = world.folded(kept.map(|number| &world.events[number - 1]));
            (state, vec![place(&world, missed)])
        }
        Class::AppliedTwice => {
            let first = at(random, 1, count);
            let last = at(random, first, count.min(first + 5));
            let log = world.events[..last].iter().chain(&world.events[first - 1..]);
            (world.folded(log), (first..=last).map(|number| place(&world, number)).collect())
        }
        Class::WrongOrder => {
            let pair = at(random, 1, count - 1);
            if place(&world, pair).partition == place(&world, pair + 1).partition {
                return None;
            }
            let mut log: Vec<&Event> = world.events.iter().collect();
            log.swap(pair - 1, pair);
            (world.folded(log), vec![place(&world, pair), place(&world, pair + 1)])
        }
        Class::Ghost => {
            let after = at(random, 1, count);
            let body = format!(
                r#"{{"amount":{}.5,"item":"ghost","status":"GHOST"}}"#,
                1000 + random.below(90)
            );
            let name = if is_script { "Added" } else { "Moved" };
            let ghost = placed(event(100, name, &body), 7, 3);
            let log = world.events[..after].iter().chain([&ghost]).chain(&world.events[after..]);
            let state = world.folded(log);
            let places = vec![ghost.position.clone()];
            world.hidden = vec![Hidden { event: ghost, after }];
            (state, places)
        }
        Class::DeleteMissed => {
            let last = u64::try_from(count + 1).unwrap();
            world.events.push(placed(event(last, "tombstone", ""), 0, 1_000));
            let mut whole = World::new(&fold, world.events);
            whole.commit(count + 1);
            world = whole;
            (world.state(count), vec![place(&world, count + 1)])
        }
        Class::Resurrected => {
            let last = u64::try_from(count + 1).unwrap();
            world.events.push(placed(event(last, "tombstone", ""), 0, 1_000));
            world = World::new(&fold, world.events);
            let again = at(random, 1, count);
            let log = world.events.iter().chain([&world.events[again - 1]]);
            (world.folded(log), vec![place(&world, again), place(&world, count + 1)])
        }
        Class::TruncatedBase => {
            for (version, event) in (3..).zip(&mut world.events) {
                event.mapped_version = Some(version);
                event.position.offset += 100;
            }
            world = World::new(&fold, world.events);
            world.starts.values_mut().for_each(|start| *start = 100);
            (world.state(count), vec![place(&world, 1)])
        }
        Class::OldCode if is_script => {
            let was = script("before.js", ORDER_BEFORE);
            let mut state = was.init();
            world.events.iter().for_each(|event| drop(was.apply(&mut state, event)));
            world.was = Some(was);
            (state, world.events.iter().map(|event| event.position.clone()).collect())
        }
        Class::ProjectionMismatch => {
            let stands = at(random, 1, count);
            let row = World::row(&world.state(stands), &COLUMNS).map(|mut row| {
                let number = Number::from_literal("123456.789").unwrap();
                row.cells["price"].value = Value::Number(number);
                row.cells["customer"].value = Value::from("nobody");
                row
            });
            return Some(Planted { class, places: Vec::new(), row, world });
        }
        _ => return None,
    };
    let row = World::row(&state, &COLUMNS);
    let mapped = world.mapping.of_row(&EntityId::new("e"), row.clone(), false).unwrap();
    // What leaves no trace in the row cannot be found: it is what it should be, or as late as it
    // may.
    let committed = world.cut.windows(&world.events).committed.map_or(0, |window| *window.end());
    let is_right = mapped.agrees(&world.state(world.events.len()))
        || (class != Class::Lagging && mapped.agrees(&world.state(committed)));
    let is_visible = class == Class::TruncatedBase || !is_right;
    is_visible.then_some(Planted { class, places, row, world })
}

/// Whether one of the best hypotheses names the planted class and place.
fn names(diagnosis: &Diagnosis, planted: &Planted) -> bool {
    diagnosis.hypotheses.iter().filter(|one| one.rank == 1).any(|one| {
        let is_class = one.class == planted.class
            || [one.class, planted.class]
                .iter()
                .all(|class| matches!(class, Class::DeleteMissed | Class::Resurrected));
        let evidence = &one.evidence;
        let ranges = evidence.also_ranges.iter().chain(&evidence.range).flatten();
        let mut places =
            one.event.iter().chain(&evidence.also).chain(&evidence.other).chain(ranges);
        is_class
            && (planted.places.is_empty()
                || places.any(|event| planted.places.contains(&event.position)))
    })
}

/// The classes that faults are planted of.
const PLANTED: [Class; 11] = [
    Class::Lagging,
    Class::NotApplied,
    Class::Ahead,
    Class::MissedEvent,
    Class::AppliedTwice,
    Class::WrongOrder,
    Class::Ghost,
    Class::DeleteMissed,
    Class::Resurrected,
    Class::TruncatedBase,
    Class::ProjectionMismatch,
];

#[test]
fn planted_faults_are_found() {
    let mut random = Random::new(11);
    let mut counts: BTreeMap<(Class, Class), u32> = BTreeMap::new();
    let mut totals: BTreeMap<Class, [u32; 3]> = BTreeMap::new();
    let (mut planted_total, mut right_total) = (0_u32, 0_u32);
    let mut wrong = Vec::new();
    while planted_total < 300 {
        let class = PLANTED[usize::try_from(planted_total).unwrap() % PLANTED.len()];
        let Some(planted) = plant(class, &mut random) else { continue };
        let diagnosis = planted.world.diagnose(planted.row.clone());
        planted_total += 1;
        *counts.entry((class, diagnosis.class)).or_default() += 1;
        let [found, ties, all] = totals.entry(class).or_default();
        *all += 1;
        if names(&diagnosis, &planted) {
            right_total += 1;
            *found += 1;
            *ties += u32::from(diagnosis.tie);
        } else {
            wrong.push(format!("{class} at {:?}: {:?}", planted.places, diagnosis.hypotheses));
        }
    }
    let mut table = String::from(
        "\n| planted | planted so often | class and place found | of these a tie | named first |\n| --- | --- | --- | --- | --- |\n",
    );
    for (class, [found, ties, all]) in &totals {
        let named = counts.iter().filter(|((planted, _), _)| planted == class);
        let named: Vec<String> =
            named.map(|((_, first), times)| format!("`{first}` {times}")).collect();
        writeln!(table, "| `{class}` | {all} | {found} | {ties} | {} |", named.join(", ")).unwrap();
    }
    writeln!(table, "\n{right_total} of {planted_total} are found.").unwrap();
    println!("{table}");
    assert!(wrong.is_empty(), "{table}\n{}", wrong.join("\n\n"));
    assert_eq!(
        table,
        include_str!("../confusion.md"),
        "the table in the documentation is what comes out"
    );
}
