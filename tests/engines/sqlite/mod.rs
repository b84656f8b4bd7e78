//! `SQLite`: what its adapter does beyond what every engine must do.

mod attached;
mod beside_other_programs;
mod catalog;
mod demo;
mod explain;
mod explaining;
mod helpers;
mod left_over;
mod one_statement_a_call;
mod opening;
mod posture;
mod reading_only;
mod stopping;
mod writing;
