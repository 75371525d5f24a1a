//! What the shop sells and who works there.
//!
//! Promises: plain lists; seeded history and live traffic draw from the same ones.
//! Does not know: orders.

use crate::demo::money::Money;

/// Something the shop sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its number.
    pub sku: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it costs.
    pub price: Money,
}

/// An article in one line of the list.
const fn article(sku: &'static str, name: &'static str, cents: i64) -> Article {
    Article { sku, name, price: Money::from_cents(cents) }
}

/// The kettle of the incident: two of them make 129.90.
pub const KETTLE: Article = article("KETTLE-2", "Kettle, enamelled", 6_495);

/// Everything the shop sells.
pub const ARTICLES: &[Article] = &[
    KETTLE,
    article("CUP-1", "Cup, stoneware", 1_250),
    article("CUP-6", "Six cups, stoneware", 6_900),
    article("POT-3", "Tea pot, cast iron", 8_990),
    article("TEA-G100", "Green tea, 100 g", 740),
    article("TEA-B250", "Black tea, 250 g", 1_195),
    article("TEA-R080", "Rooibos, 80 g", 565),
    article("SIEVE-1", "Tea strainer", 499),
    article("TIN-2", "Tea caddy", 1_875),
    article("SPOON-4", "Four spoons", 2_210),
    article("SCALE-1", "Letter scale for tea", 3_480),
    article("BOOK-T", "The Book of Tea", 1_600),
];

/// Where orders are opened.
pub const CHANNELS: &[&str] = &["web", "web", "web", "app", "app", "phone"];
/// Who carries parcels.
pub const CARRIERS: &[&str] = &["DHL", "DHL", "UPS", "Hermes", "PostNL"];
/// Why orders are cancelled.
pub const REASONS: &[&str] =
    &["ordered by mistake", "found it cheaper", "delivery takes too long", "payment failed"];
/// Who ships.
pub const WAREHOUSE: &[&str] = &["warehouse-1", "warehouse-2", "warehouse-3"];
/// What accounts are sold as.
pub const PRODUCTS: &[&str] = &["current", "current", "current", "savings"];
/// What money leaves an account for, besides orders.
pub const SPENDING: &[&str] = &["rent", "groceries", "electricity", "cash"];
