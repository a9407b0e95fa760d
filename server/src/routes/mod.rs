//! One file for each resource of the HTTP interface.

pub mod health;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod query;
pub mod question;
