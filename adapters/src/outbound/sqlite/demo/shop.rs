//! The shop itself: stores and who works there, suppliers, products, stock.

use domain::Failure;
use sqlx::SqliteConnection;

use super::{
    calendar::Day,
    catalog::{DEPARTMENTS, STORES, SUPPLIERS},
    people::COUNTRIES,
    random::{Random, Weights},
    writer::{Field, Writer},
};

pub(super) struct Product {
    pub(super) id: i32,
    /// What it costs today, in cents.
    pub(super) price: i32,
    /// How well it sells beside the others.
    pub(super) popularity: u64,
    pub(super) season: &'static [u64; 12],
}

pub(super) struct Store {
    pub(super) id: i32,
    pub(super) country: &'static str,
    pub(super) area: i32,
    pub(super) closed: Option<Day>,
    /// Who sells there; the manager is the first.
    pub(super) staff: Vec<i32>,
}

pub(super) struct Shop {
    pub(super) stores: Vec<Store>,
    pub(super) products: Vec<Product>,
    /// Who answers the telephone.
    pub(super) service: Vec<i32>,
}

/// Heads, and under them whoever answers the telephone: what does not belong to a store.
const HEAD_OFFICE: [(&str, i32, Option<i32>); 8] = [
    ("Managing director", 1_450_000, None),
    ("Head of sales", 920_000, Some(1)),
    ("Head of purchasing", 905_000, Some(1)),
    ("Head of finance", 940_000, Some(1)),
    ("Service lead", 480_000, Some(2)),
    ("Service", 315_000, Some(5)),
    ("Service", 312_050, Some(5)),
    ("Buyer", 410_000, Some(3)),
];
const HEAD_OF_SALES: i32 = 2;
/// The store that did not last.
const CLOSED: (i32, Day) = (12, Day::new(2025, 3, 29));

/// Makes everything that must be there before the first order.
pub(super) async fn open(
    connection: &mut SqliteConnection,
    random: &mut Random,
) -> Result<Shop, Failure> {
    let stores = staff(connection, random).await?;
    let products = assortment(connection, random).await?;
    stock(connection, random, &stores, &products).await?;
    Ok(Shop {
        stores,
        products,
        service: vec![5, 6, 7],
    })
}

async fn staff(
    connection: &mut SqliteConnection,
    random: &mut Random,
) -> Result<Vec<Store>, Failure> {
    let mut stores = Vec::new();
    let mut employees = Writer::new(connection, "employees", 9);
    let mut id = 0;
    for (title, salary, manager) in HEAD_OFFICE {
        id += 1;
        let hired = Day::new(2008, 1, 7).plus(random.between(0, 3_000));
        employees
            .row(employee(
                id, title, None, manager, hired, salary, true, random,
            ))
            .await?;
    }
    for (index, (_, _, country, area, year)) in (1..).zip(STORES) {
        let opened = Day::new(year, 3, 1);
        let closed = (CLOSED.0 == index).then_some(CLOSED.1);
        let mut of_store = Vec::new();
        for place in 0..=area / 70 {
            id += 1;
            let manages = place == 0;
            let title = if manages {
                "Store manager"
            } else {
                random.pick(&["Sales", "Sales", "Sales", "Stock"])
            };
            let salary = if manages { 420_000 } else { 245_000 } + random.between(0, 60) * 1_250;
            let hired = opened.plus(if manages {
                -30
            } else {
                random.between(0, 2_400)
            });
            let active = closed.is_none() && (manages || !random.chance(80));
            let superior = of_store.first().copied().unwrap_or(HEAD_OF_SALES);
            employees
                .row(employee(
                    id,
                    title,
                    Some(index),
                    Some(superior),
                    hired,
                    salary,
                    active,
                    random,
                ))
                .await?;
            of_store.push(id);
        }
        stores.push(Store {
            id: index,
            country,
            area,
            closed,
            staff: of_store,
        });
    }
    employees.finish().await?;
    let mut writer = Writer::new(connection, "stores", 8);
    for (store, (name, city, country, area, year)) in stores.iter().zip(STORES) {
        writer
            .row([
                store.id.into(),
                format!("Portolan {name}").into(),
                city.into(),
                country.into(),
                area.into(),
                Day::new(year, 3, 1).plus(store.id).into(),
                store.closed.into(),
                store.staff.first().copied().into(),
            ])
            .await?;
    }
    writer.finish().await?;
    Ok(stores)
}

#[expect(clippy::too_many_arguments, reason = "one for each column")]
fn employee(
    id: i32,
    title: &str,
    store: Option<i32>,
    manager: Option<i32>,
    hired: Day,
    salary: i32,
    active: bool,
    random: &mut Random,
) -> [Field; 9] {
    let person = random.pick(&COUNTRIES.each_ref()).person(random);
    [
        id.into(),
        person.first.into(),
        person.last.into(),
        title.into(),
        store.into(),
        manager.into(),
        hired.into(),
        Field::Cents(salary),
        active.into(),
    ]
}

async fn assortment(
    connection: &mut SqliteConnection,
    random: &mut Random,
) -> Result<Vec<Product>, Failure> {
    let mut suppliers = Writer::new(connection, "suppliers", 4);
    for (id, (name, country)) in (1..).zip(SUPPLIERS) {
        let email = (!random.chance(200)).then(|| format!("orders@supplier{id}.example"));
        suppliers
            .row([Field::Int(id), name.into(), country.into(), email.into()])
            .await?;
    }
    suppliers.finish().await?;

    let mut categories = Writer::new(connection, "categories", 3);
    for (id, department) in (1..).zip(&DEPARTMENTS) {
        categories
            .row([id.into(), Field::Null, department.name.into()])
            .await?;
    }
    let mut id = 6;
    for (parent, department) in (1..).zip(&DEPARTMENTS) {
        for category in &department.categories {
            id += 1;
            categories
                .row([id.into(), Field::from(parent), category.name.into()])
                .await?;
        }
    }
    categories.finish().await?;

    let mut products = Vec::new();
    let mut writer = Writer::new(connection, "products", 11);
    let mut category_id = 6;
    for department in &DEPARTMENTS {
        for category in &department.categories {
            category_id += 1;
            let supplier = random.between(1, 14);
            for (name, price) in category.products {
                let id = i32::try_from(products.len()).unwrap_or(0) + 1;
                let color = random.pick(&["natural", "blue", "grün", "rouge", "白"]);
                let attributes = random.chance(650).then(|| {
                    let weeks = random.between(1, 8);
                    format!(
                        r#"{{"color":"{color}","warranty_months":{},"delivery_weeks":{weeks}}}"#,
                        weeks * 6
                    )
                });
                writer
                    .row([
                        id.into(),
                        format!("P{:03}-{id:03}", category_id * 7 % 1_000).into(),
                        name.into(),
                        category_id.into(),
                        if random.chance(700) {
                            supplier
                        } else {
                            random.between(1, 14)
                        }
                        .into(),
                        Field::Cents(price),
                        Field::Cents(price * random.between(42, 66) / 100),
                        (!random.chance(120))
                            .then(|| random.between(2, 240) * 25)
                            .into(),
                        attributes.into(),
                        Day::new(2015, 1, 1).plus(random.between(0, 3_200)).into(),
                        (!random.chance(30)).into(),
                    ])
                    .await?;
                products.push(Product {
                    id,
                    price,
                    // A few sell very well and most do not; cheap things sell more often than dear ones.
                    popularity: u64::from(20_000 / (random.below(60) + 4)) * 100
                        / u64::from(price.unsigned_abs() / 60 + 60),
                    season: &department.season,
                });
            }
        }
    }
    writer.finish().await?;
    Ok(products)
}

async fn stock(
    connection: &mut SqliteConnection,
    random: &mut Random,
    stores: &[Store],
    products: &[Product],
) -> Result<(), Failure> {
    let mut writer = Writer::new(connection, "inventory", 4);
    for store in stores.iter().filter(|store| store.closed.is_none()) {
        for product in products {
            let level = 4 + i32::try_from(product.popularity / 60).unwrap_or(0).min(40);
            let quantity = if random.chance(60) {
                random.between(0, level - 1)
            } else {
                level + random.between(0, 3 * level)
            };
            writer
                .row([
                    store.id.into(),
                    product.id.into(),
                    quantity.into(),
                    level.into(),
                ])
                .await?;
        }
    }
    writer.finish().await
}

/// How often each product is chosen in each month.
pub(super) fn demand(products: &[Product]) -> Vec<Weights> {
    (0..12)
        .map(|month| {
            Weights::new(products.iter().map(|product| {
                product.popularity * product.season.get(month).copied().unwrap_or(0)
            }))
        })
        .collect()
}
