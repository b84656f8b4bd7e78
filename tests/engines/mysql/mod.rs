//! What MySQL and MariaDB alone must do: their protocol, their sessions, their failures.

mod helpers;

mod connecting;
mod failures;
mod left_over;
mod parameters;
mod posture;
mod scarce;
mod sessions;
mod statements;
mod stopping;
mod writing;
