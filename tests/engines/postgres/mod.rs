//! PostgreSQL, through its ports: no policy and no use case stands in between.

mod helpers;
mod house;
mod left_over;

mod catalog;
mod connecting;
mod environment;
mod explain;
mod hints;
mod pooler;
mod posture;
mod read_only;
mod sessions;
mod statements;
mod stopping;
mod tenants;
mod trying_indexes;
mod writing;
