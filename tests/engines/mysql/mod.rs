//! What MySQL and MariaDB alone must do: their protocol, their sessions, their failures.

mod helpers;
mod house;

mod catalog;
mod connecting;
mod described;
mod explain;
mod failures;
mod fingerprint;
mod hints;
mod left_over;
mod naming;
mod open_results;
mod parameters;
mod posture;
mod scarce;
mod sessions;
mod statements;
mod stopping;
mod tenants;
mod writing;
