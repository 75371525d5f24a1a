//! Sample data and pages that show every widget as a view would.
//!
//! Promises: the data is fixed, so a page always looks the same.
//! Does not know: how pages are drawn or used.

use std::sync::Arc;

use egui::{Align, CentralPanel, Id, Layout, Panel, RichText, Ui};
use foldback::gui::theme::{self, TimeFormat, Tokens, icons};
use foldback::gui::timeline::{Timeline, TimelineAction, TimelineState};
use foldback::gui::widgets::{
    Brush, Chip, ClockAction, ClockBar, ClockBarState, CopyText, DataTable, EmptyState, EventMark,
    IconButton, PaletteItem, PaletteOutcome, PaletteState, TableColumn, TableRows, Tone,
    TreeAction, TreeState, diff_view, event_label, hex_view, histogram, job_row, json_tree,
    notice_panel, palette, partition_bars, problem_box, state_tree, verdict_chip,
};
use foldback::model::{
    Change, ChangeKind, Completeness, JsonPointer, Position, Reason, ReasonKind, Value, Verdict,
};
use foldback::workspace::{
    ClockMode, ClockPoint, ClockView, GroupMarker, JobId, JobProgress, JobState, JobSubject,
    JobView, Lane, LaneMark, Notice, NoticeLevel, PartitionProgress, Problem, StateRow, TimeCounts,
    TreeRow, UnknownReason, UnknownSpan, ValueKind, event_hue,
};

/// 2026-11-23 14:02:11.482 UTC
pub(crate) const NOW_MS: i64 = 1_795_442_531_482;

/// The event types of an order, in order.
pub(crate) const TYPES: [&str; 7] = [
    "OrderCreated",
    "ItemAdded",
    "ItemAdded",
    "PaymentReceived",
    "OrderPacked",
    "OrderShipped",
    "OrderDelivered",
];

/// The event type of the event with this number, from 0.
fn type_of(number: u64) -> &'static str {
    let index = usize::try_from(number % TYPES.len() as u64).expect("a remainder by 7 fits");
    TYPES[index]
}

/// What the pages show and what was done on them.
pub(crate) struct Gallery {
    /// How times are written.
    pub(crate) times: TimeFormat,
    /// The lanes of the timeline.
    pub(crate) lanes: Vec<Lane>,
    /// Where groups stand.
    pub(crate) markers: Vec<GroupMarker>,
    /// The clock.
    pub(crate) clock: ClockView,
    /// The state.
    pub(crate) state_rows: Arc<[StateRow]>,
    /// The value.
    pub(crate) value_rows: Arc<[TreeRow]>,
    /// The changes.
    pub(crate) changes: Vec<Change>,
    /// The marked path.
    pub(crate) selected: Option<JsonPointer>,
    /// The chosen row of the table.
    pub(crate) row: Option<u64>,
    /// The brushed span.
    pub(crate) brush: Option<(i64, i64)>,
    /// The palette.
    pub(crate) palette: PaletteState,
    /// What the user did, newest last.
    pub(crate) log: Vec<String>,
    /// What the trees remember.
    trees: [TreeState; 2],
    /// What the timeline remembers.
    pub(crate) timeline: TimelineState,
    /// What the clock bar remembers.
    pub(crate) clock_bar: ClockBarState,
}

impl Gallery {
    /// All sample data.
    pub(crate) fn new(times: TimeFormat) -> Self {
        let range = (NOW_MS - 5_400_000, NOW_MS + 1_800_000);
        let counts =
            (0..90_u64).map(|n| (n * n * 7 + n * 13) % 41 * u64::from(n % 11 != 0)).collect();
        let density = Arc::new(TimeCounts { from_ms: range.0, bucket_ms: 80_000, counts });
        Self {
            times,
            lanes: lanes(),
            markers: markers(),
            clock: ClockView {
                at: ClockPoint::Record { time_ms: NOW_MS, position: position(41) },
                time_ms: Some(NOW_MS),
                mode: ClockMode::Paused,
                range_ms: Some(range),
                density,
                ..ClockView::default()
            },
            state_rows: state_rows(),
            value_rows: state_rows().iter().map(|row| row.tree.clone()).collect(),
            changes: changes(),
            selected: JsonPointer::parse("/status"),
            row: Some(3),
            brush: None,
            palette: PaletteState::with_query("ord"),
            log: Vec::new(),
            trees: Default::default(),
            timeline: TimelineState::default(),
            clock_bar: ClockBarState::default(),
        }
    }

    /// Chips, buttons, texts, progress, problems, empty states.
    pub(crate) fn small_page(&mut self, ui: &mut Ui) {
        CentralPanel::default().show(ui, |ui| {
            ui.heading("order-1042");
            ui.horizontal(|ui| {
                verdict_chip(ui, &Completeness::default());
                verdict_chip(ui, &partial());
                Chip::new("read-only").icon(icons::LOCK_SIMPLE).show(ui);
                Chip::new("production").icon(icons::WARNING).tone(Tone::Error).show(ui);
                for filter in ["type = OrderShipped", "partition 3"] {
                    if Chip::new(filter).icon(icons::FUNNEL).removable().show(ui).removed {
                        self.log.push(format!("removed {filter}"));
                    }
                }
            });
            ui.horizontal(|ui| {
                for (sign, name) in [
                    (icons::MAGNIFYING_GLASS, "Search"),
                    (icons::BELL, "Notices"),
                    (icons::GEAR, "Settings"),
                ] {
                    if ui.add(IconButton::new(sign, name)).clicked() {
                        self.log.push(name.to_owned());
                    }
                }
                ui.add(IconButton::new(icons::BROADCAST, "Follow").text("follow").selected(true));
                ui.add_enabled(false, IconButton::new(icons::STOP, "Stop").text("stop"));
                if ui.button("Read again").clicked() {
                    self.log.push("read again".to_owned());
                }
                ui.add(
                    CopyText::new("0f8fad5b-d9cb-469f-a165-70867728950e").name("correlation id"),
                );
                ui.add(CopyText::new("order-1042").name("key"));
            });
            marks(ui);
            ui.separator();
            for job in jobs() {
                if job_row(ui, &job) {
                    self.log.push("cancel".to_owned());
                }
            }
            partition_bars(ui, &partitions());
            ui.add_space(8.0);
            problem_box(ui, &problem(), Some("Try again"));
            let empty = EmptyState::new(
                icons::TREE_STRUCTURE,
                "No entity open",
                "Choose one on the left, or press Ctrl+K and type its id.",
            );
            empty
                .action(icons::ROCKET_LAUNCH, "Open the demo")
                .action(icons::PLUGS, "Connect to a cluster")
                .show(ui);
        });
    }

    /// Timeline, events, state, differences, clock bar: as on an entity.
    pub(crate) fn entity_page(&mut self, ui: &mut Ui) {
        Panel::bottom("clock").exact_size(44.0).show(ui, |ui| self.clock_row(ui));
        Panel::top("lanes").exact_size(24.0 + 24.0 * 7.0 + 12.0).show(ui, |ui| {
            let timeline = Timeline {
                lanes: &self.lanes,
                markers: &self.markers,
                range_ms: self.clock.range_ms,
                cursor_ms: self.clock.time_ms,
                pinned_ms: None,
                version: Some(4),
                times: &self.times,
                describe: &|lane, mark| {
                    format!("v{} {}", mark.version, type_of(mark.version - 1 + lane as u64))
                },
            };
            match timeline.show(ui, Id::unique("timeline"), &mut self.timeline) {
                Some(TimelineAction::SetTime(time_ms)) => self.clock.time_ms = Some(time_ms),
                Some(TimelineAction::Choose { lane, version }) => {
                    self.log.push(format!("chose v{version} of lane {lane}"));
                }
                Some(TimelineAction::Marker(number, asked)) => {
                    self.log.push(format!("{asked:?} of marker {number}"));
                }
                None => {}
            }
        });
        Panel::left("events").exact_size(400.0).show(ui, |ui| self.events(ui));
        Panel::right("changes").exact_size(420.0).show(ui, |ui| {
            ui.label(RichText::new("Changes of v4").font(theme::medium()));
            let action =
                diff_view(ui, Id::unique("changes"), &self.changes, self.selected.as_ref());
            self.tree_action(action);
        });
        CentralPanel::default().show(ui, |ui| {
            ui.label(RichText::new("State at v4").font(theme::medium()));
            let id = Id::unique("state");
            let action =
                state_tree(ui, id, &mut self.trees[0], &self.state_rows, self.selected.as_ref());
            self.tree_action(action);
        });
    }

    /// Does what a tree asks for.
    fn tree_action(&mut self, action: Option<TreeAction>) {
        if let Some(TreeAction::Select(path)) = &action {
            self.selected = Some(path.clone());
        }
        self.log.extend(action.map(|action| format!("{action:?}")));
    }

    /// The clock bar.
    fn clock_row(&mut self, ui: &mut Ui) {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let bar = ClockBar { clock: &self.clock, version: Some((4, 7)), times: &self.times };
            let action = bar.show(ui, Id::unique("clock bar"), &mut self.clock_bar);
            if let Some(ClockAction::SetTime(time_ms)) = action {
                self.clock.time_ms = Some(time_ms);
            }
            self.log.extend(action.map(|action| format!("{action:?}")));
        });
    }

    /// The events as a table.
    fn events(&mut self, ui: &mut Ui) {
        const COLUMNS: [TableColumn; 3] = [
            TableColumn::figures("v"),
            TableColumn::rest("Event", 96.0),
            TableColumn::figures("Time"),
        ];
        let table = DataTable::new(Id::unique("events"), "Events", &COLUMNS, 7).chosen(self.row);
        let response = table.show(ui, &mut EventTable { times: &self.times });
        if let Some(row) = response.chosen {
            self.row = Some(row);
        }
        self.log.extend(response.opened.map(|row| format!("opened row {row}")));
    }

    /// Histogram, records, value, bytes, notices: as on a topic.
    pub(crate) fn topic_page(&mut self, ui: &mut Ui) {
        Panel::top("histogram").exact_size(96.0).show(ui, |ui| {
            let brush = histogram(
                ui,
                Id::unique("histogram"),
                &self.clock.density,
                self.brush,
                &self.times,
                84.0,
            );
            match brush {
                Some(Brush::Choose(from_ms, to_ms)) => self.brush = Some((from_ms, to_ms)),
                Some(Brush::Clear) => self.brush = None,
                None => {}
            }
        });
        Panel::right("record").exact_size(520.0).show(ui, |ui| {
            ui.allocate_ui(egui::vec2(ui.available_width(), 300.0), |ui| {
                json_tree(ui, Id::unique("value"), &mut self.trees[1], &self.value_rows, None);
            });
            ui.allocate_ui(egui::vec2(ui.available_width(), 160.0), |ui| {
                let bytes: Vec<u8> =
                    br#"{"id":"order-1042","status":"SHIPPED","total":129.90}"#.repeat(40);
                hex_view(ui, Id::unique("hex"), &bytes);
            });
            notice_panel(ui, &notices(), &self.times);
        });
        CentralPanel::default().show(ui, |ui| {
            const COLUMNS: [TableColumn; 5] = [
                TableColumn::whole("Time"),
                TableColumn::figures("P"),
                TableColumn::figures("Offset"),
                TableColumn::text("Key", 110.0),
                TableColumn::rest("Value", 96.0),
            ];
            let table = DataTable::new(Id::unique("records"), "Records", &COLUMNS, 200_000)
                .chosen(self.row);
            if let Some(row) = table.show(ui, &mut RecordTable { times: &self.times }).chosen {
                self.row = Some(row);
            }
        });
    }

    /// The palette above an entity.
    pub(crate) fn palette_page(&mut self, ui: &mut Ui) {
        CentralPanel::default().show(ui, |ui| ui.heading("Behind"));
        match palette(ui.ctx(), &mut self.palette, &palette_items(), "Go to anything") {
            PaletteOutcome::Open => {}
            outcome => self.log.push(format!("{outcome:?}")),
        }
    }
}

/// The marks of event types.
fn marks(ui: &mut Ui) {
    ui.horizontal(|ui| {
        for event_type in TYPES {
            ui.scope(|ui| {
                ui.set_max_width(150.0);
                event_label(ui, event_type, EventMark::of_type(event_type));
            });
        }
    });
    ui.horizontal(|ui| {
        for hue in 0..12 {
            let mark = EventMark { hue, hollow: hue % 4 == 3, problem: hue == 5 };
            ui.scope(|ui| {
                ui.set_max_width(60.0);
                event_label(ui, "type", mark);
            });
        }
    });
}

/// The rows of the table of events.
struct EventTable<'a> {
    /// How times are written.
    times: &'a TimeFormat,
}

impl TableRows for EventTable<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let event_type = type_of(row);
        match column {
            0 => drop(ui.label(format!("{}", row + 1))),
            1 => drop(event_label(
                ui,
                event_type,
                EventMark { problem: row == 5, ..EventMark::of_type(event_type) },
            )),
            _ => drop(
                ui.label(
                    RichText::new(self.times.time(NOW_MS + row.cast_signed() * 61_007))
                        .color(Tokens::of(ui).text_secondary),
                ),
            ),
        }
    }

    fn name(&self, row: u64) -> String {
        format!("v{} {}", row + 1, type_of(row))
    }
}

/// The rows of the table of records.
struct RecordTable<'a> {
    /// How times are written.
    times: &'a TimeFormat,
}

impl TableRows for RecordTable<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let text = match column {
            0 => self.times.date_time(NOW_MS + row.cast_signed() * 1_007),
            1 => (row % 12).to_string(),
            2 => theme::format::number(1_204_331 + row),
            3 => format!("order-{}", 1_000 + row % 70),
            _ => format!(
                r#"{{"id":"order-{}","type":"{}","total":129.90}}"#,
                1_000 + row % 70,
                type_of(row)
            ),
        };
        let text = RichText::new(text);
        let text = if column > 2 { text.monospace() } else { text };
        ui.add(egui::Label::new(text).truncate());
    }

    fn name(&self, row: u64) -> String {
        format!("record {row}")
    }
}

/// A place in the sample topic.
fn position(offset: i64) -> Position {
    Position { topic: "order-events".into(), partition: 3, offset }
}

/// Lanes from few marks to many.
fn lanes() -> Vec<Lane> {
    let lane = |label: &str, count: i64, step_ms: i64, unknown: &[UnknownSpan]| {
        let marks = (0..count).map(|n| LaneMark {
            time_ms: NOW_MS - 3 * step_ms + n * step_ms + (n * n * 7_919) % (step_ms / 3 + 1),
            version: n.cast_unsigned() + 1,
            hue: event_hue(type_of(n.cast_unsigned())),
            hollow: n % 9 == 4,
            problem: n % 11 == 5,
        });
        Lane { unknown: unknown.into(), ..Lane::new(label.into(), marks.collect()) }
    };
    let deleted = UnknownSpan {
        from_ms: i64::MIN,
        to_ms: NOW_MS - 3_900_000,
        reason: UnknownReason::Deleted,
        detail: "payment-events-0 starts at offset 7: older records were deleted".into(),
    };
    let mut first = lane("order-events", 7, 700_000, &[]);
    let mut marks = first.marks.to_vec();
    marks[3].time_ms = NOW_MS;
    first.marks = marks.into();
    vec![
        first,
        lane("payment-events", 4, 1_100_000, &[deleted]),
        lane("shipment-events", 60, 60_000, &[]),
        lane("customer-profile-changes-by-region", 240, 14_000, &[]),
        lane("clicks", 40_000, 100, &[]),
    ]
}

/// Two groups, one of them behind.
fn markers() -> Vec<GroupMarker> {
    let marker = |group: &str, time_ms, events_behind| GroupMarker {
        group: group.into(),
        next: position(43),
        record: position(42),
        version: 42,
        time_ms,
        events_behind,
    };
    vec![marker("dashboard", NOW_MS - 1_400_000, 2), marker("notifications", NOW_MS + 1_200_000, 0)]
}

/// A line of a tree.
fn line(path: &str, kind: ValueKind, text: &str, descendants: u32) -> TreeRow {
    let path = JsonPointer::parse(path).expect("sample paths are pointers");
    TreeRow {
        depth: u16::try_from(path.tokens().count()).expect("sample paths are short"),
        name: path.last_token().unwrap_or_default().into(),
        path,
        kind,
        text: text.into(),
        value: Value::from(text),
        descendants,
    }
}

/// The state of an order.
fn state_rows() -> Arc<[StateRow]> {
    let row =
        |path: &str, kind, text: &str, descendants, written_by: Option<u64>, changed| StateRow {
            tree: line(path, kind, text, descendants),
            changed,
            written_by,
            written_by_type: written_by.map_or("", |version| type_of(version - 1)).into(),
            previous: matches!(changed, Some(ChangeKind::Replace)).then(|| "\"CREATED\"".into()),
        };
    use ValueKind::{Array, Bool, Null, Number, Object, String};
    [
        row("", Object, "8 members", 16, None, None),
        row("/id", String, "\"order-1042\"", 0, Some(1), None),
        row("/status", String, "\"SHIPPED\"", 0, Some(4), Some(ChangeKind::Replace)),
        row("/total", Number, "129.90", 0, Some(3), None),
        row("/paid", Bool, "true", 0, Some(4), Some(ChangeKind::Add)),
        row("/coupon", Null, "null", 0, Some(1), None),
        row("/items", Array, "2 elements", 8, None, None),
        row("/items/0", Object, "3 members", 3, None, None),
        row("/items/0/sku", String, "\"KETTLE-2\"", 0, Some(2), None),
        row(
            "/items/0/name",
            String,
            "\"Kettle, enamelled, with a very long description that does not fit\"",
            0,
            Some(2),
            None,
        ),
        row("/items/0/quantity", Number, "1", 0, Some(2), None),
        row("/items/1", Object, "3 members", 3, None, None),
        row("/items/1/sku", String, "\"MUG-7\"", 0, Some(3), None),
        row("/items/1/name", String, "\"Mug\"", 0, Some(3), None),
        row("/items/1/quantity", Number, "2", 0, Some(3), None),
        row("/shipment", Object, "1 member", 1, None, Some(ChangeKind::Add)),
        row("/shipment/carrier", String, "\"DHL\"", 0, Some(4), Some(ChangeKind::Add)),
    ]
    .into()
}

/// Changes of every kind.
fn changes() -> Vec<Change> {
    let at = |path| JsonPointer::parse(path).expect("sample paths are pointers");
    vec![
        Change::replace(at("/status"), Value::from("CREATED"), Value::from("SHIPPED")),
        Change::add(at("/shipment/carrier"), Value::from("DHL")),
        Change::add(at("/paid"), Value::from(true)),
        Change::remove(
            at("/reservation"),
            Value::object([("until", Value::from("2026-11-24")), ("by", Value::from("stock"))]),
        ),
    ]
}

/// A history that lost its beginning.
fn partial() -> Completeness {
    let mut completeness = Completeness::default();
    let detail = "partition 3 starts at offset 4,000: older records were deleted".to_owned();
    completeness
        .add(Verdict::Partial, Reason { kind: ReasonKind::Retention, detail, ranges: Vec::new() });
    completeness
}

/// Progress of twelve partitions.
fn partitions() -> Vec<PartitionProgress> {
    (0..6)
        .map(|partition| PartitionProgress {
            partition,
            from: 0,
            position: 40_000 + i64::from(partition) * 9_000,
            end: 100_361,
        })
        .collect()
}

/// Jobs that run and that ended.
fn jobs() -> Vec<JobView> {
    let job = |id, title: &str, state| JobView {
        id: JobId(id),
        subject: JobSubject::Own,
        title: title.into(),
        state,
        progress: JobProgress {
            records: 1_204_331,
            bytes: 190_840_832,
            records_per_second: 812_000,
            partitions: partitions().into(),
        },
        elapsed_ms: 134_000,
    };
    vec![
        job(1, "Reading order-events", JobState::Running),
        job(2, "Reading payment-events", JobState::Done),
    ]
}

/// Something that failed.
fn problem() -> Problem {
    let mut problem = Problem::new("cannot read order-events partition 3")
        .with_hint("give the user READ on the topic, or choose another connection");
    problem.cause = Some("broker 1: TOPIC_AUTHORIZATION_FAILED".to_owned());
    problem
}

/// One notice of each level.
fn notices() -> Vec<Notice> {
    let notice = |level, problem| Notice { time_ms: NOW_MS, level, problem, read: false };
    vec![
        notice(NoticeLevel::Info, Problem::new("connected to dev")),
        notice(NoticeLevel::Warning, Problem::new("3 values of order-events could not be decoded")),
        notice(NoticeLevel::Error, problem()),
    ]
}

/// Items of the palette.
pub(crate) fn palette_items() -> Vec<PaletteItem> {
    let item = |icon, label: &str, detail: &str, shortcut: &str| PaletteItem {
        icon,
        label: label.to_owned(),
        detail: detail.to_owned(),
        shortcut: shortcut.to_owned(),
        enabled: true,
    };
    vec![
        item(icons::ROWS, "order-events", "topic · 50 012 records", ""),
        item(icons::CUBE, "order-1042", "entity of order-events", ""),
        item(icons::BOOKMARK_SIMPLE, "Bookmark this moment", "command", "B"),
        PaletteItem {
            enabled: false,
            ..item(icons::BROADCAST, "Follow the record stream", "command", "")
        },
        item(icons::CIRCLE_HALF, "Change theme", "command", ""),
    ]
}
