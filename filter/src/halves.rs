//! What the two halves share: both run in one VM for each worker.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::plugin::Plugin;
use crate::token::{Attempt, Mint};

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
pub(crate) fn token(attempt: Attempt) -> Option<String> {
    UPSTREAM_HALF.get().then(|| sealed(attempt))
}

/// A token for this attempt.
pub(crate) fn sealed(attempt: Attempt) -> String {
    MINT.with(|mint| mint.token(attempt))
}

/// The attempt that a token names, if it is one of ours.
pub(crate) fn read(token: &str) -> Option<Attempt> {
    MINT.with(|mint| mint.read(token))
}

/// The attempt that a token names, and the plugin that makes it.
pub(crate) fn find(token: &str) -> Option<(Attempt, Rc<RefCell<Option<Plugin>>>)> {
    let attempt = read(token)?;
    let plugin = PLUGINS.with_borrow(|plugins| plugins.get(&attempt.root)?.upgrade())?;
    Some((attempt, plugin))
}
