//! What somebody asks of the system: a command for one entity, and how it is read from names and
//! texts.
//!
//! Promises: every form of [`DEMO_COMMANDS`] is understood; what is missing or malformed is named.
//! Does not know: whether the entity agrees.

use super::account::AccountCommand;
use super::money::{Money, MoneyError};
use super::order::OrderCommand;
use crate::workspace::{DEMO_COMMANDS, DemoCommandForm};

/// What is asked of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Of an order.
    Order(OrderCommand),
    /// Of an account.
    Account(AccountCommand),
}

/// A command for one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The entity.
    pub entity: String,
    /// What is asked of it.
    pub wish: Wish,
    /// The version it must still have, if the sender looked at one.
    pub expected_version: Option<u64>,
}

/// Why names and texts are no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no such command.
    #[error("unknown command `{name}`: expected one of {known}", known = known_commands())]
    UnknownCommand {
        /// The name.
        name: String,
    },
    /// An argument that no command of this name has.
    #[error("{command} has no argument `{argument}`")]
    UnknownArgument {
        /// The command.
        command: &'static str,
        /// The argument.
        argument: String,
    },
    /// An argument that is needed is missing or empty.
    #[error("{command} needs `{argument}`, such as {example}")]
    Missing {
        /// The command.
        command: &'static str,
        /// The argument.
        argument: &'static str,
        /// A text it may have.
        example: &'static str,
    },
    /// A text that should be a whole number.
    #[error("`{argument}` must be a whole number, not `{text}`")]
    NoNumber {
        /// The argument.
        argument: &'static str,
        /// Its text.
        text: String,
    },
    /// A text that should be an amount.
    #[error("`{argument}` is no amount")]
    NoMoney {
        /// The argument.
        argument: &'static str,
        /// What is wrong with it.
        #[source]
        source: MoneyError,
    },
}

/// The names of all commands, for an error message.
fn known_commands() -> String {
    DEMO_COMMANDS.iter().map(|form| form.name).collect::<Vec<_>>().join(", ")
}

/// The arguments of one command, checked against its form.
struct Arguments<'a> {
    /// The form.
    form: &'static DemoCommandForm,
    /// Names and texts as given.
    given: &'a [(String, String)],
}

impl<'a> Arguments<'a> {
    /// The text of an argument; empty when it is left out.
    fn text(&self, name: &str) -> &'a str {
        let given = self.given.iter().rfind(|(given, _)| given == name);
        given.map_or("", |(_, text)| text.trim())
    }

    /// The text of an argument as owned text.
    fn owned(&self, name: &str) -> String {
        self.text(name).to_owned()
    }

    /// The whole number an argument tells.
    fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<N, RequestError> {
        let text = self.text(name);
        let refused = |_| RequestError::NoNumber { argument: name, text: text.to_owned() };
        text.parse().map_err(refused)
    }

    /// The amount an argument tells.
    fn money(&self, name: &'static str) -> Result<Money, RequestError> {
        let refused = |source| RequestError::NoMoney { argument: name, source };
        self.text(name).parse().map_err(refused)
    }

    /// Refuses arguments that the form does not have, and needed ones that are not given.
    fn check(&self) -> Result<(), RequestError> {
        let command = self.form.name;
        let known = |name: &str| self.form.arguments.iter().any(|argument| argument.name == name);
        if let Some((argument, _)) = self.given.iter().find(|(name, _)| !known(name)) {
            let argument = argument.clone();
            return Err(RequestError::UnknownArgument { command, argument });
        }
        let lacks = |name: &str| self.text(name).is_empty();
        let needed = self.form.arguments.iter().filter(|argument| !argument.optional);
        match needed.into_iter().find(|argument| lacks(argument.name)) {
            Some(argument) => {
                let (argument, example) = (argument.name, argument.example);
                Err(RequestError::Missing { command, argument, example })
            }
            None => Ok(()),
        }
    }
}

impl Request {
    /// Reads a command from its name and arguments, as the forms of [`DEMO_COMMANDS`] give them.
    ///
    /// # Errors
    /// What is unknown, missing or malformed.
    pub fn parse(name: &str, given: &[(String, String)]) -> Result<Self, RequestError> {
        let Some(form) = DEMO_COMMANDS.iter().find(|form| form.name == name) else {
            return Err(RequestError::UnknownCommand { name: name.to_owned() });
        };
        let arguments = Arguments { form, given };
        arguments.check()?;
        let entity = form.arguments.first().map_or("", |argument| arguments.text(argument.name));
        let expected_version = match arguments.text("expected-version") {
            "" => None,
            _ => Some(arguments.number("expected-version")?),
        };
        let wish = wish(&arguments)?;
        Ok(Self { entity: entity.to_owned(), wish, expected_version })
    }

    /// The name of the command.
    pub fn command(&self) -> &'static str {
        match &self.wish {
            Wish::Order(OrderCommand::Create { .. }) => "CreateOrder",
            Wish::Order(OrderCommand::AddItem { .. }) => "AddItem",
            Wish::Order(OrderCommand::Ship { .. }) => "ShipOrder",
            Wish::Order(OrderCommand::Cancel { .. }) => "CancelOrder",
            Wish::Account(AccountCommand::Open { .. }) => "OpenAccount",
            Wish::Account(AccountCommand::Deposit { .. }) => "Deposit",
            Wish::Account(AccountCommand::Withdraw { .. }) => "Withdraw",
        }
    }
}

/// What checked arguments ask.
fn wish(arguments: &Arguments<'_>) -> Result<Wish, RequestError> {
    let amount = || arguments.money("amount");
    let reference = || arguments.owned("reference");
    Ok(match arguments.form.name {
        "CreateOrder" => Wish::Order(OrderCommand::Create {
            customer: arguments.owned("customer"),
            channel: arguments.owned("channel"),
        }),
        "AddItem" => Wish::Order(OrderCommand::AddItem {
            sku: arguments.owned("sku"),
            name: arguments.owned("name"),
            quantity: arguments.number("quantity")?,
            unit_price: arguments.money("price")?,
        }),
        "ShipOrder" => Wish::Order(OrderCommand::Ship {
            carrier: arguments.owned("carrier"),
            service: arguments.owned("service"),
        }),
        "CancelOrder" => Wish::Order(OrderCommand::Cancel { reason: arguments.owned("reason") }),
        "OpenAccount" => Wish::Account(AccountCommand::Open {
            owner: arguments.owned("owner"),
            product: arguments.owned("product"),
        }),
        "Deposit" => {
            Wish::Account(AccountCommand::Deposit { amount: amount()?, reference: reference() })
        }
        "Withdraw" => {
            Wish::Account(AccountCommand::Withdraw { amount: amount()?, reference: reference() })
        }
        unknown => return Err(RequestError::UnknownCommand { name: unknown.to_owned() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command's name, its arguments, and the words of the refusal.
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

    fn parse(name: &str, arguments: &[(&str, &str)]) -> Result<Request, RequestError> {
        let given: Vec<(String, String)> =
            arguments.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        Request::parse(name, &given)
    }

    #[test]
    fn every_form_filled_with_its_examples_is_its_command() {
        for form in DEMO_COMMANDS {
            let examples: Vec<(&str, &str)> =
                form.arguments.iter().map(|argument| (argument.name, argument.example)).collect();
            let request = parse(form.name, &examples).unwrap();
            assert_eq!(request.command(), form.name);
            assert_eq!(request.entity, form.arguments[0].example);
            assert_eq!(request.expected_version, None);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases: [Case; 5] = [
            (
                "Deposit",
                &[("account", "account-7"), ("amount", "5")],
                "Deposit needs `reference`, such as salary",
            ),
            ("ShipOrder", &[("order", " ")], "ShipOrder needs `order`, such as order-90001"),
            (
                "CreateOrder",
                &[("order", "o"), ("customer", "c"), ("channel", "web"), ("colour", "red")],
                "CreateOrder has no argument `colour`",
            ),
            (
                "Withdraw",
                &[("account", "a"), ("amount", "1e3"), ("reference", "r")],
                "`amount` is no amount",
            ),
            (
                "CancelOrder",
                &[("order", "o"), ("reason", "r"), ("expected-version", "-1")],
                "`expected-version` must be a whole number, not `-1`",
            ),
        ];
        for (name, arguments, words) in cases {
            assert_eq!(parse(name, arguments).unwrap_err().to_string(), words);
        }
        let error = parse("LoseOrder", &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("unknown command `LoseOrder`: expected one of CreateOrder, "),
            "{error}"
        );
    }

    #[test]
    fn an_expected_version_is_taken_along() {
        let arguments = [("order", "order-7"), ("reason", "r"), ("expected-version", "3")];
        assert_eq!(parse("CancelOrder", &arguments).unwrap().expected_version, Some(3));
    }
}
