//! The HTTP interface, driven through the very router that is served: every bad request gets its status, its stable
//! code and the field that is wrong, and generated documents are fresh. Nothing here needs a model.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audience;
mod bad_requests;
mod documents;
mod operations;
mod page;
#[path = "../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
mod support;
