//! Live traffic: what the shop's and the bank's customers ask for while somebody watches.
//!
//! Promises: pure; the same seed gives the same requests. It never touches an order that it did not
//! open itself, so what somebody looks into stays as it is.
//! Does not know: whether requests are accepted, when they are sent.

use std::time::Duration;

use super::account::AccountCommand;
use super::money::Money;
use super::order::OrderCommand;
use super::request::{Request, Wish};
use super::seed::catalogue::{ARTICLES, CARRIERS, CHANNELS, REASONS, SPENDING};
use crate::model::Random;

/// How many of its orders are open at most. The oldest ones are shipped first.
const OPEN_ORDERS_MAX: usize = 12;

/// An order that traffic opened.
#[derive(Clone, Debug)]
struct OpenOrder {
    /// Its id.
    id: String,
    /// Who opened it.
    customer: String,
    /// Whether it has an item.
    has_items: bool,
}

/// Somebody asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Who asks.
    pub user: String,
}

/// The customers.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Chance.
    random: Random,
    /// The number of the next order.
    next_order: u64,
    /// How many accounts there are, numbered from 1.
    accounts: i64,
    /// Orders that traffic opened and that are neither shipped nor cancelled, oldest first.
    open: Vec<OpenOrder>,
}

impl Traffic {
    /// Traffic that numbers its orders from here on and uses this many accounts.
    pub fn new(seed: u64, next_order: u64, accounts: i64) -> Self {
        Self { random: Random::new(seed), next_order, accounts: accounts.max(1), open: Vec::new() }
    }

    /// How long nobody asks for anything: a few requests come each second.
    pub fn pause(&mut self) -> Duration {
        Duration::from_millis(150 + self.random.below(500))
    }

    /// The next request.
    pub fn next_call(&mut self) -> Call {
        if self.open.len() >= OPEN_ORDERS_MAX {
            return self.close_order();
        }
        match self.random.below(10) {
            0..3 => self.open_order(),
            3..6 if !self.open.is_empty() => self.fill_order(),
            6..8 if self.open.iter().any(|order| order.has_items) => self.close_order(),
            _ => self.move_money(),
        }
    }

    /// A new order.
    fn open_order(&mut self) -> Call {
        let id = format!("order-{}", self.next_order);
        self.next_order += 1;
        let customer = format!("customer-{}", self.random.between(1, self.accounts));
        let channel = (*self.random.pick(CHANNELS)).to_owned();
        let order = OpenOrder { id, customer, has_items: false };
        let command = OrderCommand::Create { customer: order.customer.clone(), channel };
        let call = call(&order.id, Wish::Order(command), &order.customer);
        self.open.push(order);
        call
    }

    /// An item for one of the open orders, of which there must be one.
    fn fill_order(&mut self) -> Call {
        let article = *self.random.pick(ARTICLES);
        let count = self.open.len() as u64;
        let index = usize::try_from(self.random.below(count)).unwrap_or(0);
        let order = &mut self.open[index];
        order.has_items = true;
        let command = OrderCommand::AddItem {
            sku: article.sku.to_owned(),
            name: article.name.to_owned(),
            quantity: 1,
            unit_price: article.price,
        };
        call(&order.id, Wish::Order(command), &order.customer)
    }

    /// Ships the oldest order that has items; cancels the oldest when none has any.
    fn close_order(&mut self) -> Call {
        let filled = self.open.iter().position(|order| order.has_items);
        let order = self.open.remove(filled.unwrap_or(0));
        if filled.is_none() || self.random.chance(10) {
            let reason = (*self.random.pick(REASONS)).to_owned();
            return call(&order.id, Wish::Order(OrderCommand::Cancel { reason }), &order.customer);
        }
        let carrier = (*self.random.pick(CARRIERS)).to_owned();
        let service = if self.random.chance(20) { "express" } else { "standard" }.to_owned();
        call(&order.id, Wish::Order(OrderCommand::Ship { carrier, service }), "warehouse-1")
    }

    /// Money into an account or out of it.
    fn move_money(&mut self) -> Call {
        let number = self.random.between(1, self.accounts);
        let account = format!("account-{number}");
        let amount = Money::from_cents(self.random.between(500, 20_000));
        if self.random.chance(50) {
            let command = AccountCommand::Deposit { amount, reference: "refund".to_owned() };
            return call(&account, Wish::Account(command), "branch-1");
        }
        let reference = (*self.random.pick(SPENDING)).to_owned();
        let command = AccountCommand::Withdraw { amount, reference };
        call(&account, Wish::Account(command), &format!("customer-{number}"))
    }
}

/// A call by this user.
fn call(entity: &str, wish: Wish, user: &str) -> Call {
    let request = Request { entity: entity.to_owned(), wish, expected_version: None };
    Call { request, user: user.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::demo::aggregate::Aggregate as _;
    use crate::demo::order::Order;

    #[test]
    fn orders_accept_everything_that_traffic_asks_of_them() {
        let mut traffic = Traffic::new(5, 9_001, 10);
        let mut orders: HashMap<String, Order> = HashMap::new();
        let mut kinds: HashMap<&str, u32> = HashMap::new();
        for _ in 0..2_000 {
            let Call { request, .. } = traffic.next_call();
            *kinds.entry(request.command()).or_default() += 1;
            let Wish::Order(command) = &request.wish else { continue };
            let order = orders.entry(request.entity.clone()).or_default();
            match order.decide(&request.entity, command) {
                Ok(event) => order.evolve(&event),
                // One price for each article in an order, so this is the one thing that cannot
                // happen.
                Err(refusal) => unreachable!("{refusal}"),
            }
        }
        for command in ["CreateOrder", "AddItem", "ShipOrder", "CancelOrder", "Deposit", "Withdraw"]
        {
            assert!(kinds.get(command).is_some_and(|count| *count > 10), "{kinds:?}");
        }
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        let calls = |seed| {
            let mut traffic = Traffic::new(seed, 1, 5);
            (0..50).map(|_| traffic.next_call()).collect::<Vec<_>>()
        };
        assert_eq!(calls(3), calls(3));
        assert_ne!(calls(3), calls(4));
    }
}
