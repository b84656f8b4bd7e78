//! Twenty tenants at once on four sessions.

use std::sync::Arc;

use support::{
    databases::{open, opened},
    on_mysql,
};

use super::{PRIVILEGES, mapped, opened_for_tenants, shared};
use crate::engines::tenants::interleaved::{Own, ROUNDS, call_at_once, read_on_as_another};

on_mysql!(
    ten_thousand_calls_of_twenty_tenants_show_no_row_of_another,
    async |server: &str| {
        let mut house = shared(server).await;
        let mut config = mapped(house.account(PRIVILEGES).await, "");
        config.pool.max_connections = 4;
        let connection = Arc::new(opened(&open(config).await));
        let own = Own {
            filtered: "SELECT word FROM orders WHERE total >= ?",
            failing: "SELECT word, (SELECT 1 UNION SELECT IF(total >= 0, 2, 1)) FROM orders",
            other: ("SELECT word FROM totals", 1),
        };

        let shown = call_at_once(&connection, own).await;

        // Of every six calls, two show five rows, one two and one one.
        assert!(shown > ROUNDS * 12, "{shown}");
        connection.database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(
    nobody_reads_on_in_somebody_elses_result,
    async |server: &str| {
        let mut house = shared(server).await;
        let connection = opened(&opened_for_tenants(&mut house).await);

        read_on_as_another(&connection).await;

        connection.database.pool.close().await;
        house.leave().await;
    }
);
