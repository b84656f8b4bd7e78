//! What judging a statement costs, by engine: one that was never seen, and one that is known. No database is needed.
//!
//! `cargo bench -p adapters`

use std::{
    hint::black_box,
    io::{self, Write as _},
    time::{Duration, Instant},
};

use adapters::outbound::ENGINES;

/// Ordinary statements of assistants. `{}` becomes a number that no text before had.
const STATEMENTS: [&str; 8] = [
    "SELECT 1 AS n_{}",
    "SELECT * FROM orders WHERE id = {}",
    "SELECT id, name, email FROM customers WHERE city = 'Lisbon' AND id > {} ORDER BY name LIMIT 20",
    "SELECT status, count(*) AS n, sum(total) FROM orders WHERE id < {} GROUP BY status HAVING count(*) > 3 ORDER BY n DESC",
    "SELECT c.name, o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id LEFT JOIN refunds r ON \
     r.order_id = o.id WHERE o.total > {} AND r.id IS NULL ORDER BY o.total DESC LIMIT 50",
    "WITH monthly AS (SELECT date(placed_at) AS day, sum(total) AS revenue FROM orders WHERE id <> {} GROUP BY 1) \
     SELECT day, revenue, avg(revenue) OVER (ORDER BY day ROWS 6 PRECEDING) FROM monthly ORDER BY day",
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE ordinal_position < {} ORDER BY 1, 2",
    "SELECT CASE WHEN total > {} THEN 'large' WHEN total > 10 THEN 'usual' ELSE 'small' END AS size, count(*), \
     coalesce(max(lower(status)), 'none') FROM orders WHERE status IN ('paid', 'sent') GROUP BY size -- by size",
];
const ROUNDS: u32 = 2_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut number = 0_u64;
    for engine in ENGINES {
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for statement in STATEMENTS {
                number += 1;
                let sql = statement.replace("{}", &number.to_string());
                for times in [&mut new, &mut known] {
                    let begun = Instant::now();
                    black_box(engine.dialect.classify(black_box(&sql)));
                    times.push(begun.elapsed());
                }
            }
        }
        let (new_90th, new) = (at(&mut new, 90), at(&mut new, 50));
        let known = at(&mut known, 50);
        writeln!(
            out,
            "{:<10}  new: median {new:.1} µs, 90 of 100 below {new_90th:.1} µs; known: median {known:.2} µs",
            engine.facts.name
        )?;
    }
    Ok(())
}

/// The time that so many of a hundred do not exceed, in microseconds.
fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len() - 1);
    times.get(place).map_or(0.0, Duration::as_secs_f64) * 1e6
}
