//! Who buys.

use domain::Failure;
use sqlx::SqliteConnection;

use super::{
    calendar::Day,
    people::COUNTRIES,
    random::{Random, Weights},
    writer::{Field, Writer},
};

pub(super) const CUSTOMERS: i32 = 6_000;

pub(super) struct Customer {
    pub(super) country: &'static str,
    pub(super) joined: Day,
    /// What loyalty saves, in per cent.
    pub(super) saves: i32,
}

/// In the order in which they joined, the first with the key 1.
pub(super) async fn invite(
    connection: &mut SqliteConnection,
    random: &mut Random,
) -> Result<Vec<Customer>, Failure> {
    let shares = Weights::new(COUNTRIES.iter().map(|country| country.share));
    let first = Day::new(2012, 5, 2);
    let last = Day::new(2026, 6, 27);
    let mut customers = Vec::new();
    let mut writer = Writer::new(connection, "customers", 12);
    for id in 1..=CUSTOMERS {
        // Later days have more of them: the distance from the end goes with the square.
        let left = i64::from(CUSTOMERS - id);
        let gone = i64::from(first.until(last)) * left * (left + i64::from(CUSTOMERS))
            / (2 * i64::from(CUSTOMERS) * i64::from(CUSTOMERS));
        let joined = last.plus(-i32::try_from(gone).unwrap_or(0));
        let Some(country) = COUNTRIES.get(random.weighted(&shares)) else {
            continue;
        };
        let person = country.person(random);
        let (tier, saves) = match random.below(100) {
            0..4 => (Some("gold"), 5),
            4..14 => (Some("silver"), 3),
            14..40 => (Some("bronze"), 0),
            _ => (None, 0),
        };
        let phone = (!random.chance(350)).then(|| {
            format!(
                "{} {:07}",
                country.prefix,
                2_000_000 + random.below(7_999_999)
            )
        });
        let born =
            (!random.chance(300)).then(|| Day::new(1945, 1, 1).plus(random.between(0, 23_000)));
        let recommended = id > 50 && random.chance(90);
        writer
            .row([
                id.into(),
                person.first.into(),
                person.last.into(),
                (!random.chance(40))
                    .then(|| format!("{}{id}@example.com", person.plain))
                    .into(),
                phone.into(),
                random.pick(&country.cities).into(),
                country.code.into(),
                born.into(),
                joined.into(),
                tier.into(),
                random.chance(420).into(),
                recommended
                    .then(|| random.between(1, id - 1))
                    .map_or(Field::Null, Field::from),
            ])
            .await?;
        customers.push(Customer {
            country: country.code,
            joined,
            saves,
        });
    }
    writer.finish().await?;
    Ok(customers)
}
