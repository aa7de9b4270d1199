//! What the two halves share: both run in one VM for each worker.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use seawall_core::{Mint, Ticket};

use crate::plugin::Plugin;

/// The request header that tells the upstream half whose attempt a request is. It removes it.
pub(crate) const HEADER: &str = "x-seawall-attempt";

/// What the path of a request starts with that is sent through the filter again.
pub(crate) const PATH: &str = "/.seawall/";

thread_local! {
    static MINT: Mint = Mint::default();
    static PLUGINS: RefCell<BTreeMap<u32, Weak<RefCell<Option<Plugin>>>>> = RefCell::default();
    static UPSTREAM_HALF: Cell<bool> = const { Cell::new(false) };
}

/// Makes a plugin known to the upstream half.
pub(crate) fn register(root: u32, plugin: &Rc<RefCell<Option<Plugin>>>) {
    PLUGINS.with_borrow_mut(|plugins| {
        plugins.retain(|_, plugin| plugin.strong_count() > 0);
        plugins.insert(root, Rc::downgrade(plugin));
    });
}

/// The host has the filter among those of its clusters.
pub(crate) fn upstream_half_is_here() {
    UPSTREAM_HALF.set(true);
}

/// A token for this attempt, if anybody is there to read it.
pub(crate) fn token(ticket: Ticket) -> Option<String> {
    UPSTREAM_HALF.get().then(|| sealed(ticket))
}

/// A token for this attempt.
pub(crate) fn sealed(ticket: Ticket) -> String {
    MINT.with(|mint| mint.token(ticket))
}

/// The attempt that a token names, if it is one of ours.
pub(crate) fn read(token: &str) -> Option<Ticket> {
    MINT.with(|mint| mint.read(token))
}

/// The attempt that a token names, and the plugin that makes it.
pub(crate) fn find(token: &str) -> Option<(Ticket, Rc<RefCell<Option<Plugin>>>)> {
    let ticket = read(token)?;
    let plugin = PLUGINS.with_borrow(|plugins| plugins.get(&ticket.root)?.upgrade())?;
    Some((ticket, plugin))
}

/// A dispatched call has ended: its answer is what the host holds now.
pub(crate) fn call_ended(token: u32, headers: usize) {
    tell(|plugin| plugin.call_ended(token, headers));
}

/// A rate limit service has answered: with what the host holds now, or that status.
pub(crate) fn service_answered(token: u32, status: Option<u32>) {
    tell(|plugin| plugin.service_answered(token, status));
}

/// Tells every plugin until one says that it was meant.
fn tell(mut is_meant: impl FnMut(&mut Plugin) -> bool) {
    let plugins: Vec<_> = PLUGINS.with_borrow(|plugins| plugins.values().filter_map(Weak::upgrade).collect());
    for plugin in plugins {
        if let Ok(mut plugin) = plugin.try_borrow_mut()
            && plugin.as_mut().is_some_and(&mut is_meant)
        {
            return;
        }
    }
}
