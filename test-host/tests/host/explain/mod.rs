//! `seawall explain` of policies: what it prints in each format, where, and how it ends.

mod command;
mod formats;
