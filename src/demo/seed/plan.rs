//! What people wanted over the last thirty days: commands with a time, an origin and an entity.
//!
//! Promises: pure; the same scale, seed and moment give the same commands in the same order.
//! Whether a command is accepted is not decided here.
//! Does not know: aggregates' states, Kafka.

use super::catalogue::{
    ARTICLES, Article, CARRIERS, CHANNELS, KETTLE, PRODUCTS, REASONS, SPENDING, WAREHOUSE,
};
use super::{DAY_MS, HISTORY_DAYS, INCIDENT_ORDER, MINUTE_MS, Scale};
use crate::demo::account::AccountCommand;
use crate::demo::money::Money;
use crate::demo::order::OrderCommand;
use crate::demo::publication::Origin;
use crate::demo::request::Wish;
use crate::model::Random;

/// How busy each hour of the day is, in tenths, in UTC.
const BUSY: [u64; 24] = [1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 10, 9, 8, 8, 8, 9, 10, 10, 9, 6, 3, 2];

/// The place of the incident's order among all orders by time of creation, from 0, in a history
/// that has as many.
const INCIDENT_PLACE: usize = 1_041;

/// A command that was sent.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// When, in milliseconds since the epoch.
    pub(super) at_ms: i64,
    /// To which entity.
    pub(super) entity: String,
    /// What it asks.
    pub(super) wish: Wish,
    /// Where the event it leads to comes from.
    pub(super) origin: Origin,
}

/// Everything that was asked, by time; commands of the same millisecond in the order they were
/// thought of.
pub(super) fn commands(scale: &Scale) -> Vec<Planned> {
    let mut planner = Planner {
        random: Random::new(scale.seed),
        now_ms: scale.now_ms,
        start_ms: scale.now_ms - HISTORY_DAYS * DAY_MS,
        customers: i64::from(scale.orders / 5).max(1),
        accounts: i64::from(scale.accounts()),
        planned: Vec::new(),
    };
    for account in 1..=planner.accounts {
        planner.account(account);
    }
    planner.orders(usize::try_from(scale.orders).unwrap_or(usize::MAX));
    let mut planned = planner.planned;
    planned.retain(|command| command.at_ms <= scale.now_ms);
    planned.sort_by_key(|command| command.at_ms);
    planned
}

/// The number of the first of this many orders: such that the incident's order comes in the first
/// days.
pub(super) fn first_order_number(count: usize) -> usize {
    INCIDENT_PLACE + 1 - INCIDENT_PLACE.min(count / 8)
}

/// Thinks of commands.
struct Planner {
    /// Chance.
    random: Random,
    /// The end of history, in milliseconds since the epoch.
    now_ms: i64,
    /// Its start.
    start_ms: i64,
    /// How many customers there are.
    customers: i64,
    /// How many accounts there are; account N is owned by customer N.
    accounts: i64,
    /// What was thought of so far.
    planned: Vec<Planned>,
}

impl Planner {
    /// A moment between two, more often in busy hours.
    fn moment(&mut self, from_ms: i64, to_ms: i64) -> i64 {
        loop {
            let at_ms = self.random.between(from_ms, to_ms);
            let hour = usize::try_from(at_ms.div_euclid(60 * MINUTE_MS).rem_euclid(24));
            if self.random.below(10) < BUSY[hour.expect("a remainder of 24 is not negative")] {
                return at_ms;
            }
        }
    }

    /// Remembers a command. Returns the id of the event it may lead to.
    fn ask(
        &mut self,
        at_ms: i64,
        entity: &str,
        wish: Wish,
        user: &str,
        correlation_id: &str,
        causation_id: Option<String>,
    ) -> String {
        let event_id = self.random.id();
        let causation_id = causation_id.unwrap_or_else(|| self.random.id());
        let origin = Origin {
            event_id: event_id.clone(),
            correlation_id: correlation_id.to_owned(),
            causation_id,
            user: user.to_owned(),
        };
        self.planned.push(Planned { at_ms, entity: entity.to_owned(), wish, origin });
        event_id
    }

    /// The life of an account: opened early, paid into every few days, rent and groceries out of
    /// it.
    fn account(&mut self, number: i64) {
        let account = format!("account-{number}");
        let owner = format!("customer-{number}");
        let product = (*self.random.pick(PRODUCTS)).to_owned();
        let opened_ms = self.moment(self.start_ms, self.start_ms + 2 * DAY_MS);
        let open = Wish::Account(AccountCommand::Open { owner: owner.clone(), product });
        let correlation = self.random.id();
        self.ask(opened_ms, &account, open, "branch-1", &correlation, None);
        let salary = Money::from_cents(self.random.between(900, 3_600) * 100);
        for week in 0..4 {
            let from_ms = opened_ms + week * 7 * DAY_MS + MINUTE_MS;
            let paid_ms = self.moment(from_ms, from_ms + DAY_MS);
            let pay = Wish::Account(AccountCommand::Deposit {
                amount: salary,
                reference: "salary".into(),
            });
            let correlation = self.random.id();
            self.ask(paid_ms, &account, pay, "payroll", &correlation, None);
            if self.random.chance(70) {
                let amount = Money::from_cents(self.random.between(2_000, 90_000));
                let reference = (*self.random.pick(SPENDING)).to_owned();
                let spent_ms = self.moment(paid_ms, paid_ms + 5 * DAY_MS);
                let spend = Wish::Account(AccountCommand::Withdraw { amount, reference });
                let correlation = self.random.id();
                self.ask(spent_ms, &account, spend, &owner, &correlation, None);
            }
        }
    }

    /// The lives of all orders, numbered by time of creation.
    fn orders(&mut self, count: usize) {
        // The first customers come when the first accounts are open.
        let mut created: Vec<i64> =
            (0..count).map(|_| self.moment(self.start_ms + DAY_MS, self.now_ms)).collect();
        created.sort_unstable();
        let first = first_order_number(count);
        for (place, created_ms) in created.into_iter().enumerate() {
            let number = first + place;
            let order = format!("order-{number}");
            if order == INCIDENT_ORDER {
                self.incident(created_ms);
            } else {
                self.order(&order, created_ms);
            }
        }
    }

    /// An ordinary life of an order.
    fn order(&mut self, order: &str, created_ms: i64) {
        let customer_number = self.random.between(1, self.customers);
        let customer = format!("customer-{customer_number}");
        let correlation = self.random.id();
        let channel = (*self.random.pick(CHANNELS)).to_owned();
        let create = Wish::Order(OrderCommand::Create { customer: customer.clone(), channel });
        self.ask(created_ms, order, create, &customer, &correlation, None);
        let mut at_ms = created_ms;
        let mut last_event = None;
        let mut price_cents = 0;
        for _ in 0..self.random.between(1, 4) {
            at_ms += self.random.between(5_000, 4 * MINUTE_MS);
            let article = *self.random.pick(ARTICLES);
            let quantity = if self.random.chance(25) { 2 } else { 1 };
            price_cents += article.price.cents() * i64::from(quantity);
            let add = add(article, quantity);
            last_event = Some(self.ask(at_ms, order, add, &customer, &correlation, None));
        }
        if customer_number <= self.accounts {
            at_ms += self.random.between(1_000, 20_000);
            self.payment(at_ms, order, customer_number, price_cents, &correlation, last_event);
        }
        if self.random.chance(6) {
            let cancelled_ms = at_ms + self.random.between(MINUTE_MS, DAY_MS);
            let reason = (*self.random.pick(REASONS)).to_owned();
            let cancel = Wish::Order(OrderCommand::Cancel { reason });
            self.ask(cancelled_ms, order, cancel, &customer, &correlation, None);
        } else if self.random.chance(97) {
            let shipped_ms = self.moment(at_ms + DAY_MS / 4, at_ms + 3 * DAY_MS);
            let carrier = *self.random.pick(CARRIERS);
            let warehouse = *self.random.pick(WAREHOUSE);
            self.ask(shipped_ms, order, ship(carrier), warehouse, &correlation, None);
        }
    }

    /// The payment of an order from its customer's account, set off by the last item.
    fn payment(
        &mut self,
        at_ms: i64,
        order: &str,
        customer: i64,
        cents: i64,
        correlation: &str,
        cause: Option<String>,
    ) {
        let account = format!("account-{customer}");
        let pay = Wish::Account(AccountCommand::Withdraw {
            amount: Money::from_cents(cents),
            reference: order.to_owned(),
        });
        self.ask(at_ms, &account, pay, "checkout", correlation, cause);
    }

    /// The life of the incident's order: two kettles, out of stock for weeks, shipped on the last
    /// day.
    fn incident(&mut self, created_ms: i64) {
        let customer = "customer-1";
        let correlation = self.random.id();
        let create =
            Wish::Order(OrderCommand::Create { customer: customer.into(), channel: "web".into() });
        self.ask(created_ms, INCIDENT_ORDER, create, customer, &correlation, None);
        let mut last_event = None;
        for minutes in [3, 7] {
            let at_ms = created_ms + minutes * MINUTE_MS;
            let add = add(KETTLE, 1);
            last_event = Some(self.ask(at_ms, INCIDENT_ORDER, add, customer, &correlation, None));
        }
        let cents = 2 * KETTLE.price.cents();
        let paid_ms = created_ms + 8 * MINUTE_MS;
        self.payment(paid_ms, INCIDENT_ORDER, 1, cents, &correlation, last_event);
        let shipped_ms = self.incident_shipped_ms().max(paid_ms + 1);
        self.ask(shipped_ms, INCIDENT_ORDER, ship("DHL"), "warehouse-2", &correlation, None);
    }

    /// When the incident's order was shipped: the latest 14:02:11.482 UTC that is at least two
    /// hours past.
    fn incident_shipped_ms(&self) -> i64 {
        let of_day_ms = (14 * 60 + 2) * MINUTE_MS + 11_482;
        let latest_ms = self.now_ms - 120 * MINUTE_MS - of_day_ms;
        latest_ms.div_euclid(DAY_MS) * DAY_MS + of_day_ms
    }
}

/// Adds an article at its price.
pub(super) fn add(article: Article, quantity: u32) -> Wish {
    Wish::Order(OrderCommand::AddItem {
        sku: article.sku.to_owned(),
        name: article.name.to_owned(),
        quantity,
        unit_price: article.price,
    })
}

/// Ships by a carrier.
fn ship(carrier: &str) -> Wish {
    let service = "standard".to_owned();
    Wish::Order(OrderCommand::Ship { carrier: carrier.to_owned(), service })
}
