//! The plugin's configuration, its ticks, and the streams it is given.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use crate::types::{BufferType, LogLevel};
use seawall_core::{Config, Seed, Unusable};

use crate::plugin::Plugin;
use crate::{halves, host};

/// The configuration of the upstream half: it has no policy of its own.
const UPSTREAM_HALF: &[u8] = b"upstream half";

pub(crate) struct Root {
    id: u32,
    plugin: Rc<RefCell<Option<Plugin>>>,
    is_upstream: Cell<bool>,
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Self { id, plugin: Rc::default(), is_upstream: Cell::new(false) }
    }

    pub(crate) fn is_upstream(&self) -> bool {
        self.is_upstream.get()
    }

    pub(crate) fn plugin(&self) -> Rc<RefCell<Option<Plugin>>> {
        self.plugin.clone()
    }

    pub(crate) fn on_configure(&self) -> bool {
        let bytes = host::buffer(BufferType::PluginConfiguration);
        if bytes.trim_ascii() == UPSTREAM_HALF {
            self.is_upstream.set(true);
            halves::upstream_half_is_here();
            return true;
        }
        match configure(&bytes) {
            Ok(config) => {
                host::log(LogLevel::Info, &format!("seawall policy {} loaded", config.policy().hash));
                let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return false };
                *plugin = Some(Plugin::new(self.id, config, seed(self.id)));
                drop(plugin);
                halves::register(self.id, &self.plugin);
                true
            }
            Err(reason) => {
                // The host says only that it refused: this line is all that an admin gets.
                host::log(LogLevel::Critical, &format!("seawall policy refused\n{reason}"));
                false
            }
        }
    }

    /// Another configuration has taken this one's place, and its last stream has ended.
    pub(crate) fn on_delete(&self) {
        if let Ok(mut plugin) = self.plugin.try_borrow_mut() {
            plugin.as_mut().map(Plugin::flush);
        }
    }

    pub(crate) fn on_tick(&self) {
        if let Ok(mut plugin) = self.plugin.try_borrow_mut() {
            plugin.as_mut().map(Plugin::tick);
        }
    }
}

/// Checks the policy; what is wrong with it comes back as text.
fn configure(bytes: &[u8]) -> Result<Config, String> {
    let source = std::str::from_utf8(bytes).map_err(|error| format!("the policy is not UTF-8: {error}"))?;
    let checked = seawall_policy::check(source);
    let Some(policy) = checked.policy else { return Err(render(source, &checked.diagnostics)) };
    if !checked.diagnostics.is_empty() {
        host::log(LogLevel::Warn, &render(source, &checked.diagnostics));
    }
    Config::new(policy, |name| std::env::var(name).ok()).map_err(|unusable| match unusable {
        Unusable::Missing(variables) => {
            let missing: Vec<_> =
                variables.iter().map(seawall_policy::Diagnostic::environment_not_set).collect();
            render(source, &missing)
        }
        Unusable::Output { route, why } => ["the output of route `", &route, "`: ", &why].concat(),
    })
}

fn render(source: &str, diagnostics: &[seawall_policy::Diagnostic]) -> String {
    seawall_policy::render("policy", source, diagnostics)
}

/// A seed that no other VM has: the standard library draws the keys of its hasher from the host's randomness.
fn seed(root: u32) -> Seed {
    Seed(RandomState::new().hash_one((root, host::now().0)))
}
