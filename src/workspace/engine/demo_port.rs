//! The way to a running reference system, and the forms of the commands it takes.
//!
//! Promises: plain data and bounded channels; whoever holds a port needs to know nothing of what
//! stands behind it.
//! Does not know: the reference system itself.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::workspace::{DemoCommand, DemoView};

/// Both ends of the way to a running reference system.
#[derive(Clone, Debug)]
pub struct DemoPort {
    /// Takes commands. Bounded: when it is full, the system is busy and the sender tells so instead
    /// of waiting.
    pub commands: Sender<DemoCommand>,
    /// Gives the newest view. Holds at most one: a view nobody fetched is replaced by the next.
    /// Disconnected once the system has ended.
    pub views: Receiver<Arc<DemoView>>,
}

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoArgument {
    /// Its name in [`DemoCommand::Send`].
    pub name: &'static str,
    /// What it is, in a few words.
    pub label: &'static str,
    /// A text it may have, good as a first filling of the field.
    pub example: &'static str,
    /// Whether it may be left out or empty.
    pub optional: bool,
}

/// A command of the reference system. The first argument names the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoCommandForm {
    /// Its name in [`DemoCommand::Send`].
    pub name: &'static str,
    /// What it does, in a few words.
    pub purpose: &'static str,
    /// The topic its events go to.
    pub topic: &'static str,
    /// Its arguments in the order they are asked for.
    pub arguments: &'static [DemoArgument],
}

/// An argument that must be given.
const fn needed(name: &'static str, label: &'static str, example: &'static str) -> DemoArgument {
    DemoArgument { name, label, example, optional: false }
}

/// The version the sender believes the entity has: the command is refused when it has another one
/// by now.
const EXPECTED_VERSION: DemoArgument = DemoArgument {
    name: "expected-version",
    label: "Expected version",
    example: "",
    optional: true,
};

/// The topic of the orders' events.
pub const ORDER_EVENTS: &str = "order-events";

/// The topic of the accounts' events.
pub const ACCOUNT_EVENTS: &str = "account-events";

/// Every command of the reference system.
pub const DEMO_COMMANDS: &[DemoCommandForm] = &[
    DemoCommandForm {
        name: "CreateOrder",
        purpose: "Opens an order for a customer",
        topic: ORDER_EVENTS,
        arguments: &[
            needed("order", "Order", "order-90001"),
            needed("customer", "Customer", "customer-7"),
            needed("channel", "Channel", "web"),
        ],
    },
    DemoCommandForm {
        name: "AddItem",
        purpose: "Adds an item to an open order",
        topic: ORDER_EVENTS,
        arguments: &[
            needed("order", "Order", "order-90001"),
            needed("sku", "Article", "KETTLE-2"),
            needed("name", "Name", "Kettle, enamelled"),
            needed("quantity", "Quantity", "1"),
            needed("price", "Unit price", "64.95"),
            EXPECTED_VERSION,
        ],
    },
    DemoCommandForm {
        name: "ShipOrder",
        purpose: "Hands an order with items to a carrier",
        topic: ORDER_EVENTS,
        arguments: &[
            needed("order", "Order", "order-90001"),
            needed("carrier", "Carrier", "DHL"),
            needed("service", "Service", "standard"),
            EXPECTED_VERSION,
        ],
    },
    DemoCommandForm {
        name: "CancelOrder",
        purpose: "Cancels an order that is not shipped",
        topic: ORDER_EVENTS,
        arguments: &[
            needed("order", "Order", "order-90001"),
            needed("reason", "Reason", "ordered by mistake"),
            EXPECTED_VERSION,
        ],
    },
    DemoCommandForm {
        name: "OpenAccount",
        purpose: "Opens an account for an owner",
        topic: ACCOUNT_EVENTS,
        arguments: &[
            needed("account", "Account", "account-90001"),
            needed("owner", "Owner", "customer-7"),
            needed("product", "Product", "current"),
        ],
    },
    DemoCommandForm {
        name: "Deposit",
        purpose: "Pays money into an account",
        topic: ACCOUNT_EVENTS,
        arguments: &[
            needed("account", "Account", "account-7"),
            needed("amount", "Amount", "100.00"),
            needed("reference", "Reference", "salary"),
            EXPECTED_VERSION,
        ],
    },
    DemoCommandForm {
        name: "Withdraw",
        purpose: "Takes money out of an account",
        topic: ACCOUNT_EVENTS,
        arguments: &[
            needed("account", "Account", "account-7"),
            needed("amount", "Amount", "25.50"),
            needed("reference", "Reference", "rent"),
            EXPECTED_VERSION,
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_names_its_entity_first_and_no_argument_twice() {
        for form in DEMO_COMMANDS {
            assert!(matches!(form.arguments[0].name, "order" | "account"), "{}", form.name);
            let mut names: Vec<_> = form.arguments.iter().map(|argument| argument.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), form.arguments.len(), "{}", form.name);
        }
    }
}
