//! Accounts: what they accept, what they refuse, and what holds whatever is asked of them.

use proptest::prelude::*;

use super::*;
use crate::demo::aggregate::{DomainEvent as _, Recorded, fold};

const ID: &str = "account-7";

fn open() -> AccountCommand {
    AccountCommand::Open { owner: "customer-3".into(), product: "current".into() }
}

fn deposit(cents: i64) -> AccountCommand {
    AccountCommand::Deposit { amount: Money::from_cents(cents), reference: "salary".into() }
}

fn withdraw(cents: i64) -> AccountCommand {
    AccountCommand::Withdraw { amount: Money::from_cents(cents), reference: "rent".into() }
}

/// Runs commands that must all be accepted.
fn after(commands: &[AccountCommand]) -> Account {
    let mut account = Account::default();
    for command in commands {
        let event = account.decide(ID, command).unwrap();
        account.evolve(&event);
    }
    account
}

#[test]
fn the_balance_is_what_came_in_less_what_went_out() {
    let account = after(&[open(), deposit(10_000), withdraw(2_550), deposit(50)]);
    assert_eq!(account.balance().to_string(), "75.00");
    assert_eq!(account.version(), 4);
}

#[test]
fn refusals_say_why_in_words() {
    let holding = after(&[open(), deposit(1_250)]);
    let cases = [
        (&Account::default(), deposit(1), "account-7 does not exist"),
        (&holding, open(), "account-7 is open already"),
        (&holding, deposit(0), "the amount must be above zero, not 0.00"),
        (&holding, withdraw(-5), "the amount must be above zero, not -0.05"),
        (&holding, withdraw(1_251), "account-7 holds 12.50: 12.51 cannot be withdrawn"),
        (
            &holding,
            deposit(100_000_000_000_000),
            "account-7 would hold more than this bank can count",
        ),
    ];
    for (account, command, reason) in cases {
        assert_eq!(account.decide(ID, &command).unwrap_err().to_string(), reason);
    }
}

#[test]
fn the_last_cent_can_be_withdrawn() {
    assert_eq!(after(&[open(), deposit(1_250), withdraw(1_250)]).balance(), Money::ZERO);
}

#[test]
fn an_account_opened_in_the_first_schema_has_no_product() {
    let opened = Account::default().decide(ID, &open()).unwrap();
    assert_eq!(opened.schema_version(), 2);
    let old = Recorded { version: 1, occurred_ms: 0, event: opened.in_first_schema() };
    assert_eq!(old.event.schema_version(), 1);
    assert_eq!(Recorded::from_json(&old.to_json()).unwrap(), old);
}

proptest! {
    #[test]
    fn whatever_is_asked_the_balance_is_never_negative_and_adds_up(
        commands in prop::collection::vec(
            prop_oneof![Just(open()), (-5_i64..500).prop_map(deposit), (-5_i64..500).prop_map(withdraw)],
            0..40
        )
    ) {
        let mut account = Account::default();
        let mut events = Vec::new();
        let mut expected = 0_i64;
        for command in &commands {
            if let Ok(event) = account.decide(ID, command) {
                expected += match &event {
                    AccountEvent::Opened(_) => 0,
                    AccountEvent::Deposited(moved) => moved.amount.cents(),
                    AccountEvent::Withdrawn(moved) => -moved.amount.cents(),
                };
                account.evolve(&event);
                let recorded = Recorded { version: account.version(), occurred_ms: 1, event };
                prop_assert_eq!(&Recorded::from_json(&recorded.to_json()).unwrap(), &recorded);
                events.push(recorded.event);
            }
            prop_assert!(account.balance() >= Money::ZERO, "overdrawn by {command:?}");
            prop_assert_eq!(account.balance().cents(), expected);
            prop_assert_eq!(account.version(), events.len() as u64);
        }
        prop_assert_eq!(fold::<Account>(&events), account);
    }
}
