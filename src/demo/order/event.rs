//! What may happen to an order.
//!
//! Promises: every event says what changed and what the order is worth after it, in members that a
//! merge of all events turns into the order. Schema version 2 of `OrderCreated` has the sales
//! channel, that of `ItemAdded` the item's name, that of `OrderShipped` the service; events written
//! before lack them and are read all the same.
//! Does not know: which events are allowed when (`decide`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::OrderStatus;
use crate::demo::aggregate::{DomainEvent, EventError, facts};
use crate::demo::money::Money;

/// An order was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// The order.
    pub order_id: String,
    /// The customer who opened it.
    pub customer_id: String,
    /// [`OrderStatus::Created`].
    pub status: OrderStatus,
    /// Nothing yet.
    pub total: Money,
    /// Where it was opened: `web`, `app`, `phone`. Since schema version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// How much of an article an order holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// What the article is called. Since schema version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: Money,
}

/// An article was added. The line tells the whole quantity after it, not what was added, so that
/// applying the event twice gives the same line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemAdded {
    /// The order.
    pub order_id: String,
    /// The line that changed, by the article's number.
    pub items: BTreeMap<String, OrderLine>,
    /// What the order is worth after it.
    pub total: Money,
}

/// The order was handed to a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    /// The order.
    pub order_id: String,
    /// Who is told about it.
    pub customer_id: String,
    /// [`OrderStatus::Shipped`].
    pub status: OrderStatus,
    /// What the order is worth.
    pub total: Money,
    /// Who carries it.
    pub carrier: String,
    /// How fast: `standard`, `express`. Since schema version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// The order was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The order.
    pub order_id: String,
    /// Who is told about it.
    pub customer_id: String,
    /// [`OrderStatus::Cancelled`].
    pub status: OrderStatus,
    /// What the order would have been worth.
    pub total: Money,
    /// Why.
    pub reason: String,
}

/// What may happen to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OrderEvent {
    /// It was opened.
    Created(OrderCreated),
    /// An article was added.
    ItemAdded(ItemAdded),
    /// It was handed to a carrier.
    Shipped(OrderShipped),
    /// It was cancelled.
    Cancelled(OrderCancelled),
}

impl OrderEvent {
    /// The event as it was written before the current schema: without the fields that came later.
    #[must_use]
    pub fn in_first_schema(mut self) -> Self {
        match &mut self {
            Self::Created(created) => created.channel = None,
            Self::ItemAdded(added) => added.items.values_mut().for_each(|line| line.name = None),
            Self::Shipped(shipped) => shipped.service = None,
            Self::Cancelled(_) => {}
        }
        self
    }
}

impl DomainEvent for OrderEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Created(_) => "OrderCreated",
            Self::ItemAdded(_) => "ItemAdded",
            Self::Shipped(_) => "OrderShipped",
            Self::Cancelled(_) => "OrderCancelled",
        }
    }

    fn schema_version(&self) -> u32 {
        let has_newer_fields = match self {
            Self::Created(created) => created.channel.is_some(),
            Self::ItemAdded(added) => added.items.values().any(|line| line.name.is_some()),
            Self::Shipped(shipped) => shipped.service.is_some(),
            Self::Cancelled(_) => false,
        };
        if has_newer_fields { 2 } else { 1 }
    }

    fn from_json(event_type: &str, json: &[u8]) -> Result<Self, EventError> {
        match event_type {
            "OrderCreated" => facts("OrderCreated", json).map(Self::Created),
            "ItemAdded" => facts("ItemAdded", json).map(Self::ItemAdded),
            "OrderShipped" => facts("OrderShipped", json).map(Self::Shipped),
            "OrderCancelled" => facts("OrderCancelled", json).map(Self::Cancelled),
            unknown => Err(EventError::UnknownType(unknown.to_owned())),
        }
    }
}
