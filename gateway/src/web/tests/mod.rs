//! The web against a real store: who sees what, what a resumed stream says, what a wrong question is told.

mod api;
mod cap;
pub(crate) mod city;
mod console;
mod decide;
mod delivered;
mod device;
mod events;
mod guards;
mod office;
mod page;
mod relay;
mod review;
mod rules;
mod site;
mod socket;
mod summaries;
mod sweep;
mod visibility;

pub(crate) use office::RULE;
