//! A bank account: opened, then money comes in and goes out.
//!
//! Promises: the balance is what came in less what went out, and never below zero; a refused
//! command says why in words for the person who sent it.
//! Does not know: where commands come from and where events go.

mod event;
#[cfg(test)]
mod tests;

pub use event::{AccountEvent, AccountOpened, MoneyMoved};

use super::aggregate::Aggregate;
use super::money::Money;
use crate::workspace::ACCOUNT_EVENTS;

/// What may be asked of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// Opens it.
    Open {
        /// Whose it is.
        owner: String,
        /// What is sold: `current`, `savings`.
        product: String,
    },
    /// Pays money in.
    Deposit {
        /// How much.
        amount: Money,
        /// What for.
        reference: String,
    },
    /// Takes money out.
    Withdraw {
        /// How much.
        amount: Money,
        /// What for.
        reference: String,
    },
}

/// Why an account says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// There is none by this name.
    #[error("{account} does not exist")]
    Unknown {
        /// The account asked for.
        account: String,
    },
    /// It was opened before.
    #[error("{account} is open already")]
    Exists {
        /// The account.
        account: String,
    },
    /// An amount of zero or less.
    #[error("the amount must be above zero, not {amount}")]
    NoAmount {
        /// The amount asked for.
        amount: Money,
    },
    /// It would be overdrawn.
    #[error("{account} holds {balance}: {amount} cannot be withdrawn")]
    Overdrawn {
        /// The account.
        account: String,
        /// What is on it.
        balance: Money,
        /// The amount asked for.
        amount: Money,
    },
    /// More than this bank can count.
    #[error("{account} would hold more than this bank can count")]
    TooLarge {
        /// The account.
        account: String,
    },
}

/// An account as its events tell it. Invariant: `balance` is not below zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How many events led here; 0 before it was opened.
    version: u64,
    /// What is on it.
    balance: Money,
}

impl Account {
    /// What is on it.
    pub fn balance(&self) -> Money {
        self.balance
    }

    /// Whether an amount can be moved on this account at all.
    fn must_move(&self, account: &str, amount: Money) -> Result<(), AccountRefusal> {
        if self.version == 0 {
            return Err(AccountRefusal::Unknown { account: account.to_owned() });
        }
        if !amount.is_positive() {
            return Err(AccountRefusal::NoAmount { amount });
        }
        Ok(())
    }
}

impl Aggregate for Account {
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Refusal = AccountRefusal;

    const TOPIC: &'static str = ACCOUNT_EVENTS;

    fn decide(&self, id: &str, command: &AccountCommand) -> Result<AccountEvent, AccountRefusal> {
        let account = || id.to_owned();
        let moved = |amount, balance, reference: &str| MoneyMoved {
            account_id: id.to_owned(),
            amount,
            balance,
            reference: reference.to_owned(),
        };
        match command {
            AccountCommand::Open { .. } if self.version > 0 => {
                Err(AccountRefusal::Exists { account: account() })
            }
            AccountCommand::Open { owner, product } => Ok(AccountEvent::Opened(AccountOpened {
                account_id: account(),
                owner_id: owner.clone(),
                balance: Money::ZERO,
                product: Some(product.clone()),
            })),
            AccountCommand::Deposit { amount, reference } => {
                self.must_move(id, *amount)?;
                let balance = self.balance.checked_add(*amount);
                let balance =
                    balance.ok_or_else(|| AccountRefusal::TooLarge { account: account() })?;
                Ok(AccountEvent::Deposited(moved(*amount, balance, reference)))
            }
            AccountCommand::Withdraw { amount, reference } => {
                self.must_move(id, *amount)?;
                let balance = self.balance.checked_take(*amount);
                let balance = balance.ok_or_else(|| AccountRefusal::Overdrawn {
                    account: account(),
                    balance: self.balance,
                    amount: *amount,
                })?;
                Ok(AccountEvent::Withdrawn(moved(*amount, balance, reference)))
            }
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        self.version += 1;
        self.balance = match event {
            AccountEvent::Opened(opened) => opened.balance,
            AccountEvent::Deposited(moved) | AccountEvent::Withdrawn(moved) => moved.balance,
        };
    }

    fn version(&self) -> u64 {
        self.version
    }
}
