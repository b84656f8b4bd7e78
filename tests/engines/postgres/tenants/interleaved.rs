//! Twenty tenants at once on four sessions.

use std::sync::Arc;

use support::{
    databases::{open, opened},
    on_postgres,
};

use super::{BY_SETTING, House};
use crate::engines::tenants::interleaved::{Own, ROUNDS, call_at_once, read_on_as_another};

on_postgres!(
    ten_thousand_calls_of_twenty_tenants_show_no_row_of_another,
    async |server: &str| {
        let house = House::new(server).await;
        let mut config = house.config(BY_SETTING, "");
        config.pool.max_connections = 4;
        let connection = Arc::new(opened(&open(config).await));
        let own = Own {
            filtered: "SELECT word FROM orders WHERE total >= $1",
            failing: "SELECT word, 1 / (total - total) FROM orders",
            other: ("TABLE orders", 5),
        };

        let shown = call_at_once(&connection, own).await;

        // Of every six calls, three show five rows and one shows two.
        assert!(shown > ROUNDS * 16, "{shown}");
        connection.database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    nobody_reads_on_in_somebody_elses_result,
    async |server: &str| {
        let house = House::new(server).await;
        let connection = opened(&house.open().await);

        read_on_as_another(&connection).await;

        connection.database.pool.close().await;
        house.drop().await;
    }
);
