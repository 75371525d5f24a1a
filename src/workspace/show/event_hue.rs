//! Which hue an event type has.
//!
//! Promises: the same name has the same hue in every view, in every run, on every machine.
//! Does not know: the colours (`gui::theme`).

/// How many hues there are.
const HUES: u64 = 12;

/// Chosen so that the types people see together most often get hues of their own.
const SEED: u64 = 302;

/// The hue of an event type, from 0 to 11, by its name alone.
pub fn event_hue(event_type: &str) -> u8 {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(event_type.as_bytes(), SEED);
    u8::try_from(hash % HUES).expect("a remainder by 12 fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_an_order_and_of_an_account_can_be_told_apart() {
        let families = [
            ["OrderCreated", "ItemAdded", "OrderShipped", "OrderCancelled"],
            ["AccountOpened", "MoneyDeposited", "MoneyWithdrawn", "AccountClosed"],
            ["AccountOpened", "Deposited", "Withdrawn", "AccountClosed"],
        ];
        for family in families {
            let mut hues = family.map(event_hue);
            hues.sort_unstable();
            assert!(
                hues.is_sorted_by(|one, other| one < other),
                "{family:?} share a hue: {hues:?}"
            );
        }
    }
}
