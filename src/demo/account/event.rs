//! What may happen to an account.
//!
//! Promises: every event tells the balance after it. Schema version 2 of `AccountOpened` has the
//! product; events written before lack it and are read all the same.
//! Does not know: which events are allowed when (`decide`).

use serde::{Deserialize, Serialize};

use crate::demo::aggregate::{DomainEvent, EventError, facts};
use crate::demo::money::Money;

/// An account was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountOpened {
    /// The account.
    pub account_id: String,
    /// Whose it is.
    pub owner_id: String,
    /// Nothing yet.
    pub balance: Money,
    /// What was sold: `current`, `savings`. Since schema version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// Money came in or went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoneyMoved {
    /// The account.
    pub account_id: String,
    /// How much was moved.
    pub amount: Money,
    /// What is on the account after it.
    pub balance: Money,
    /// What it was for, in the words of whoever moved it.
    pub reference: String,
}

/// What may happen to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AccountEvent {
    /// It was opened.
    Opened(AccountOpened),
    /// Money came in.
    Deposited(MoneyMoved),
    /// Money went out.
    Withdrawn(MoneyMoved),
}

impl AccountEvent {
    /// The event as it was written before the current schema: without the fields that came later.
    #[must_use]
    pub fn in_first_schema(mut self) -> Self {
        if let Self::Opened(opened) = &mut self {
            opened.product = None;
        }
        self
    }
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Opened(_) => "AccountOpened",
            Self::Deposited(_) => "MoneyDeposited",
            Self::Withdrawn(_) => "MoneyWithdrawn",
        }
    }

    fn schema_version(&self) -> u32 {
        match self {
            Self::Opened(opened) if opened.product.is_some() => 2,
            Self::Opened(_) | Self::Deposited(_) | Self::Withdrawn(_) => 1,
        }
    }

    fn from_json(event_type: &str, json: &[u8]) -> Result<Self, EventError> {
        match event_type {
            "AccountOpened" => facts("AccountOpened", json).map(Self::Opened),
            "MoneyDeposited" => facts("MoneyDeposited", json).map(Self::Deposited),
            "MoneyWithdrawn" => facts("MoneyWithdrawn", json).map(Self::Withdrawn),
            unknown => Err(EventError::UnknownType(unknown.to_owned())),
        }
    }
}
