//! An order: opened, filled with items, then shipped or cancelled.
//!
//! Promises: its total is always the sum of its lines; nothing is added to a closed order, nothing
//! empty is shipped, what is shipped stays shipped; a refused command says why in words for the
//! person who sent it.
//! Does not know: where commands come from and where events go.

mod event;
#[cfg(test)]
mod tests;

pub use event::{ItemAdded, OrderCancelled, OrderCreated, OrderEvent, OrderLine, OrderShipped};

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::aggregate::Aggregate;
use super::money::Money;
use crate::workspace::ORDER_EVENTS;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Opened; items may be added.
    Created,
    /// Handed to a carrier.
    Shipped,
    /// Cancelled.
    Cancelled,
}

impl OrderStatus {
    /// The text used in events and read models.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Shipped => "SHIPPED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What may be asked of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    /// Opens it.
    Create {
        /// For whom.
        customer: String,
        /// Where: `web`, `app`, `phone`.
        channel: String,
    },
    /// Adds an article.
    AddItem {
        /// The article's number.
        sku: String,
        /// What it is called.
        name: String,
        /// How many.
        quantity: u32,
        /// What one costs.
        unit_price: Money,
    },
    /// Hands it to a carrier.
    Ship {
        /// Who carries it.
        carrier: String,
        /// How fast: `standard`, `express`.
        service: String,
    },
    /// Cancels it.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// There is none by this name.
    #[error("{order} does not exist")]
    Unknown {
        /// The order asked for.
        order: String,
    },
    /// It was opened before.
    #[error("{order} exists already and is {status}")]
    Exists {
        /// The order.
        order: String,
        /// How far it is.
        status: OrderStatus,
    },
    /// It is shipped or cancelled.
    #[error("{order} is {status}: it can no longer be {asked}")]
    Closed {
        /// The order.
        order: String,
        /// How far it is.
        status: OrderStatus,
        /// What was asked, as in "can no longer be …".
        asked: &'static str,
    },
    /// There is nothing to ship.
    #[error("{order} has no items: there is nothing to ship")]
    Empty {
        /// The order.
        order: String,
    },
    /// A quantity of zero.
    #[error("the quantity of {sku} must be at least 1")]
    NoQuantity {
        /// The article.
        sku: String,
    },
    /// A price of zero or less.
    #[error("the price of {sku} must be above zero, not {price}")]
    NoPrice {
        /// The article.
        sku: String,
        /// The price asked for.
        price: Money,
    },
    /// An order has one price per article.
    #[error("{order} holds {sku} at {agreed} each: it cannot be added at {price}")]
    OtherPrice {
        /// The order.
        order: String,
        /// The article.
        sku: String,
        /// Its price in this order.
        agreed: Money,
        /// The price asked for.
        price: Money,
    },
    /// More than this shop can count.
    #[error("{order} would be worth more than this shop can invoice")]
    TooLarge {
        /// The order.
        order: String,
    },
}

/// An order as its events tell it. Invariant: `total` is the sum of quantity times price over
/// `lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// How many events led here.
    version: u64,
    /// How far it is; none before it was opened.
    status: Option<OrderStatus>,
    /// Who opened it.
    customer: String,
    /// What it holds, by article number.
    lines: BTreeMap<String, OrderLine>,
    /// What it is worth.
    total: Money,
}

impl Order {
    /// How far it is; none before it was opened.
    pub fn status(&self) -> Option<OrderStatus> {
        self.status
    }

    /// What it is worth.
    pub fn total(&self) -> Money {
        self.total
    }

    /// What it holds, by article number.
    pub fn lines(&self) -> &BTreeMap<String, OrderLine> {
        &self.lines
    }

    /// Whether it is open; otherwise why it cannot be `asked` any more.
    fn must_be_open(&self, order: &str, asked: &'static str) -> Result<(), OrderRefusal> {
        match self.status {
            Some(OrderStatus::Created) => Ok(()),
            Some(status) => Err(OrderRefusal::Closed { order: order.to_owned(), status, asked }),
            None => Err(OrderRefusal::Unknown { order: order.to_owned() }),
        }
    }

    /// The event of adding an article.
    fn add_item(
        &self,
        order: &str,
        sku: &str,
        name: &str,
        quantity: u32,
        unit_price: Money,
    ) -> Result<ItemAdded, OrderRefusal> {
        if quantity == 0 {
            return Err(OrderRefusal::NoQuantity { sku: sku.to_owned() });
        }
        if !unit_price.is_positive() {
            return Err(OrderRefusal::NoPrice { sku: sku.to_owned(), price: unit_price });
        }
        let held = self.lines.get(sku);
        if let Some(held) = held.filter(|held| held.unit_price != unit_price) {
            return Err(OrderRefusal::OtherPrice {
                order: order.to_owned(),
                sku: sku.to_owned(),
                agreed: held.unit_price,
                price: unit_price,
            });
        }
        let too_large = || OrderRefusal::TooLarge { order: order.to_owned() };
        let added = unit_price.checked_times(quantity).ok_or_else(too_large)?;
        let total = self.total.checked_add(added).ok_or_else(too_large)?;
        let before = held.map_or(0, |held| held.quantity);
        let quantity = before.checked_add(quantity).ok_or_else(too_large)?;
        let line = OrderLine { name: Some(name.to_owned()), quantity, unit_price };
        Ok(ItemAdded {
            order_id: order.to_owned(),
            items: BTreeMap::from([(sku.to_owned(), line)]),
            total,
        })
    }
}

impl Aggregate for Order {
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Refusal = OrderRefusal;

    const TOPIC: &'static str = ORDER_EVENTS;

    fn decide(&self, id: &str, command: &OrderCommand) -> Result<OrderEvent, OrderRefusal> {
        let order_id = id.to_owned();
        match command {
            OrderCommand::Create { customer, channel } => match self.status {
                Some(status) => Err(OrderRefusal::Exists { order: order_id, status }),
                None => Ok(OrderEvent::Created(OrderCreated {
                    order_id,
                    customer_id: customer.clone(),
                    status: OrderStatus::Created,
                    total: Money::ZERO,
                    channel: Some(channel.clone()),
                })),
            },
            OrderCommand::AddItem { sku, name, quantity, unit_price } => {
                self.must_be_open(id, "changed")?;
                self.add_item(id, sku, name, *quantity, *unit_price).map(OrderEvent::ItemAdded)
            }
            OrderCommand::Ship { carrier, service } => {
                self.must_be_open(id, "shipped")?;
                if self.lines.is_empty() {
                    return Err(OrderRefusal::Empty { order: order_id });
                }
                Ok(OrderEvent::Shipped(OrderShipped {
                    order_id,
                    customer_id: self.customer.clone(),
                    status: OrderStatus::Shipped,
                    total: self.total,
                    carrier: carrier.clone(),
                    service: Some(service.clone()),
                }))
            }
            OrderCommand::Cancel { reason } => {
                self.must_be_open(id, "cancelled")?;
                Ok(OrderEvent::Cancelled(OrderCancelled {
                    order_id,
                    customer_id: self.customer.clone(),
                    status: OrderStatus::Cancelled,
                    total: self.total,
                    reason: reason.clone(),
                }))
            }
        }
    }

    fn evolve(&mut self, event: &OrderEvent) {
        self.version += 1;
        match event {
            OrderEvent::Created(created) => {
                self.status = Some(created.status);
                self.customer.clone_from(&created.customer_id);
            }
            OrderEvent::ItemAdded(added) => {
                let changed = added.items.iter().map(|(sku, line)| (sku.clone(), line.clone()));
                self.lines.extend(changed);
                self.total = added.total;
            }
            OrderEvent::Shipped(shipped) => self.status = Some(shipped.status),
            OrderEvent::Cancelled(cancelled) => self.status = Some(cancelled.status),
        }
    }

    fn version(&self) -> u64 {
        self.version
    }
}
