//! One file a verb.

pub mod audit;
pub mod call;
pub mod check;
pub mod dashboards;
pub mod demo;
pub mod health;
pub mod serve;
pub mod token;
