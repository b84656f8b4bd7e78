//! What was bought, paid and brought back, day by day.

use domain::Failure;
use sqlx::SqliteConnection;

use super::{
    calendar::Day,
    customers::Customer,
    random::{Random, Weights},
    shop::{Product, Shop, Store, demand},
    writer::{Field, Writer},
};

pub(super) const ORDERS: u32 = 20_000;
const FIRST_DAY: Day = Day::new(2024, 1, 1);
const LAST_DAY: Day = Day::new(2026, 6, 30);
/// Orders of these last days may not have been sent yet.
const UNDER_WAY: i32 = 4;

/// From Monday to Sunday; on Sundays the stores are closed.
const WEEK: [u64; 7] = [80, 82, 90, 100, 125, 165, 48];
/// From January to December.
const YEAR: [u64; 12] = [82, 80, 94, 100, 104, 103, 93, 90, 100, 106, 138, 176];

struct Order {
    id: i32,
    day: Day,
    /// The time of day, in seconds.
    second: i32,
    channel: &'static str,
    status: &'static str,
    customer: Option<i32>,
    store: Option<i32>,
    employee: Option<i32>,
    discount: i32,
    items: Vec<Item>,
}

struct Item {
    product: i32,
    quantity: i32,
    unit_price: i32,
}

impl Order {
    fn total(&self) -> i32 {
        self.items
            .iter()
            .map(|item| item.quantity * item.unit_price)
            .sum::<i32>()
            - self.discount
    }
}

/// Writes table by table, because each has a statement of its own.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    random: &mut Random,
    shop: &Shop,
    customers: &[Customer],
) -> Result<(), Failure> {
    let orders = plan(random, shop, customers);
    write_orders(connection, random, &orders).await?;
    write_items(connection, &orders).await?;
    write_payments(connection, random, &orders).await?;
    write_returns(connection, random, &orders).await
}

fn plan(random: &mut Random, shop: &Shop, customers: &[Customer]) -> Vec<Order> {
    let demand = demand(&shop.products);
    let days = FIRST_DAY.until(LAST_DAY) + 1;
    let busy: Vec<u64> = (0..days).map(|number| turnover(number, random)).collect();
    let total: u64 = busy.iter().sum();
    let mut reached = 0;
    let mut planned = 0;
    let mut orders = Vec::new();
    for (number, weight) in (0..days).zip(busy) {
        reached += weight;
        let until = u64::from(ORDERS) * reached / total;
        let day = FIRST_DAY.plus(number);
        let mut seconds: Vec<i32> = (planned..until).map(|_| time_of_day(random)).collect();
        seconds.sort_unstable();
        planned = until;
        for second in seconds {
            let id = i32::try_from(orders.len()).unwrap_or(0) + 1;
            orders.push(order(id, day, second, random, shop, customers, &demand));
        }
    }
    orders
}

/// How much is sold on a day, beside other days: by weekday and month, growing, with good days and bad ones.
fn turnover(number: i32, random: &mut Random) -> u64 {
    let day = FIRST_DAY.plus(number);
    let (_, month, of_month) = day.date();
    let at = |table: &[u64], index: i32| {
        usize::try_from(index)
            .ok()
            .and_then(|index| table.get(index))
            .copied()
            .unwrap_or(0)
    };
    let growth = 1_000 + u64::from(number.unsigned_abs()) / 4;
    let eve = if month == 12 && of_month > 26 {
        45
    } else {
        100
    };
    let noise = 85 + u64::from(random.below(31));
    at(&WEEK, day.weekday()) * at(&YEAR, month - 1) * growth * eve * noise
}

/// Most come at noon and after work.
fn time_of_day(random: &mut Random) -> i32 {
    let hour = random.pick(&[
        9, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 15, 16, 16, 17, 17, 17, 18, 18, 19,
    ]);
    hour * 3_600 + random.between(0, 3_599)
}

fn order(
    id: i32,
    day: Day,
    second: i32,
    random: &mut Random,
    shop: &Shop,
    customers: &[Customer],
    demand: &[Weights],
) -> Order {
    let sunday = day.weekday() == 6;
    let (year, month, _) = day.date();
    // Every year a little more is bought from home.
    let online = random.chance(u32::try_from(270 + 35 * (year - 2024)).unwrap_or(0));
    let channel = if sunday || online {
        "online"
    } else if random.chance(50) {
        "phone"
    } else {
        "store"
    };
    let open: Vec<&Store> = shop
        .stores
        .iter()
        .filter(|store| store.closed.is_none_or(|closed| day < closed))
        .collect();
    let walk_in = channel == "store" && random.chance(330);
    let known = customers.partition_point(|customer| customer.joined <= day);
    let customer = if walk_in {
        None
    } else {
        somebody(known, random)
    };
    let found = customer.and_then(|id| customers.get(usize::try_from(id - 1).ok()?));
    let store = (channel == "store")
        .then(|| nearest_store(&open, found, random))
        .flatten();
    let employee = match (channel, store) {
        ("phone", _) => shop.service.get(random.below(3) as usize).copied(),
        (_, Some(store)) => store
            .staff
            .get(random.below(u32::try_from(store.staff.len()).unwrap_or(0)) as usize)
            .copied(),
        _ => None,
    };
    let weights = usize::try_from(month - 1)
        .ok()
        .and_then(|index| demand.get(index));
    let items = weights
        .map(|weights| basket(year, random, shop, weights))
        .unwrap_or_default();
    let worth: i32 = items
        .iter()
        .map(|item| item.quantity * item.unit_price)
        .sum();
    let saves = found.map_or(0, |customer| customer.saves);
    let fresh = day.until(LAST_DAY) < UNDER_WAY;
    let status = if random.chance(22) {
        "cancelled"
    } else if fresh && channel != "store" && random.chance(700) {
        "processing"
    } else {
        "completed"
    };
    Order {
        id,
        day,
        second,
        channel,
        status,
        customer,
        store: store.map(|store| store.id),
        employee,
        discount: worth * saves / 100,
        items,
    }
}

/// One of the first `known` customers; some of them come again and again.
fn somebody(known: usize, random: &mut Random) -> Option<i32> {
    let known = u32::try_from(known).ok().filter(|known| *known > 0)?;
    let regulars = known / 8;
    let number = if regulars > 0 && random.chance(450) {
        // Spread over everybody who is known, not only the oldest.
        random.below(regulars) * 8
    } else {
        random.below(known)
    };
    i32::try_from(number + 1).ok()
}

/// A store in the customer's country if there is one, the larger ones more often.
fn nearest_store<'a>(
    open: &[&'a Store],
    customer: Option<&Customer>,
    random: &mut Random,
) -> Option<&'a Store> {
    let weights = Weights::new(open.iter().map(|store| {
        let home = customer.is_some_and(|customer| customer.country == store.country);
        u64::from(store.area.unsigned_abs()) * if home { 40 } else { 1 }
    }));
    open.get(random.weighted(&weights)).copied()
}

fn basket(year: i32, random: &mut Random, shop: &Shop, weights: &Weights) -> Vec<Item> {
    let lines = random.pick(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 7]);
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..lines {
        let Some(product) = shop.products.get(random.weighted(weights)) else {
            continue;
        };
        if items.iter().any(|item| item.product == product.id) {
            continue;
        }
        let quantity = match product.price {
            ..1_000 => random.pick(&[1, 1, 1, 2, 2, 3, 4, 6]),
            1_000..4_000 => random.pick(&[1, 1, 1, 1, 1, 1, 2, 2]),
            _ => random.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]),
        };
        items.push(Item {
            product: product.id,
            quantity,
            unit_price: price_in(year, product),
        });
    }
    items
}

/// Prices rose twice since 2024; they are whole tens of cents where they are above two euros.
fn price_in(year: i32, product: &Product) -> i32 {
    let percent = match year {
        ..=2024 => 93,
        2025 => 97,
        _ => 100,
    };
    let price = product.price * percent / 100;
    if product.price > 200 {
        price / 10 * 10
    } else {
        price
    }
}

async fn write_orders(
    connection: &mut SqliteConnection,
    random: &mut Random,
    orders: &[Order],
) -> Result<(), Failure> {
    let mut writer = Writer::new(connection, "orders", 11);
    for order in orders {
        let sent = (order.channel != "store" && order.status == "completed").then(|| {
            let days = random.between(1, 3).min(order.day.until(LAST_DAY).max(0));
            order
                .day
                .plus(days)
                .at(if days == 0 { 72_000 } else { 28_800 } + random.between(0, 7_200))
        });
        let note = random.chance(25).then(|| {
            random.pick(&[
                "Gift wrap, please",
                "Bitte beim Nachbarn abgeben",
                "Ligar antes da entrega",
                "Digicode 42B, 3ᵉ étage",
                "It's a surprise – no invoice in the parcel!",
                "Proszę o fakturę",
                "☎ before delivery",
            ])
        });
        writer
            .row([
                order.id.into(),
                order.customer.into(),
                order.store.into(),
                order.employee.into(),
                order.channel.into(),
                order.status.into(),
                order.day.at(order.second).into(),
                sent.into(),
                Field::Cents(order.discount),
                Field::Cents(order.total()),
                note.into(),
            ])
            .await?;
    }
    writer.finish().await
}

async fn write_items(connection: &mut SqliteConnection, orders: &[Order]) -> Result<(), Failure> {
    let mut writer = Writer::new(connection, "order_items", 5);
    for order in orders {
        for (line, item) in (1..).zip(&order.items) {
            writer
                .row([
                    order.id.into(),
                    Field::Int(line),
                    item.product.into(),
                    item.quantity.into(),
                    Field::Cents(item.unit_price),
                ])
                .await?;
        }
    }
    writer.finish().await
}

async fn write_payments(
    connection: &mut SqliteConnection,
    random: &mut Random,
    orders: &[Order],
) -> Result<(), Failure> {
    let mut writer = Writer::new(connection, "payments", 5);
    let mut id = 0;
    for order in orders.iter().filter(|order| order.status != "cancelled") {
        let total = order.total();
        let paid = order.day.at(order.second);
        let gift = (total > 4_000 && random.chance(30)).then_some(2_500);
        if let Some(gift) = gift {
            id += 1;
            writer
                .row([
                    Field::Int(id),
                    order.id.into(),
                    "gift card".into(),
                    Field::Cents(gift),
                    paid.clone().into(),
                ])
                .await?;
        }
        let method = match order.channel {
            "store" => random.pick(&["card", "card", "card", "cash", "wallet"]),
            "online" => random.pick(&["card", "card", "wallet", "wallet", "invoice"]),
            _ => "invoice",
        };
        id += 1;
        writer
            .row([
                Field::Int(id),
                order.id.into(),
                method.into(),
                Field::Cents(total - gift.unwrap_or(0)),
                paid.into(),
            ])
            .await?;
    }
    writer.finish().await
}

async fn write_returns(
    connection: &mut SqliteConnection,
    random: &mut Random,
    orders: &[Order],
) -> Result<(), Failure> {
    let mut writer = Writer::new(connection, "returns", 7);
    let mut id = 0;
    for order in orders.iter().filter(|order| order.status == "completed") {
        for (line, item) in (1..).zip(&order.items) {
            let often = if order.channel == "store" { 22 } else { 64 };
            let back = order.day.plus(random.between(3, 20));
            if !random.chance(often) || back > LAST_DAY {
                continue;
            }
            id += 1;
            let quantity = random.between(1, item.quantity);
            let reason = random.pick(&[
                Some("damaged"),
                Some("damaged"),
                Some("changed mind"),
                Some("wrong item"),
                Some("too late"),
                None,
                None,
            ]);
            writer
                .row([
                    Field::Int(id),
                    order.id.into(),
                    Field::Int(line),
                    quantity.into(),
                    Field::Cents(quantity * item.unit_price),
                    reason.into(),
                    back.into(),
                ])
                .await?;
        }
    }
    writer.finish().await
}
