//! Which clusters have the upstream half. A cluster may have other filters than the next, and no host says which: only what comes
//! of a request tells. Until then a cluster counts as one that has it.

use std::collections::BTreeMap;

use seawall_core::{ExchangeId, IdMap, Text, Ticket};

use crate::halves;

#[derive(Default)]
pub(crate) struct Clusters {
    /// Whether a cluster has the half, where that is known.
    known: BTreeMap<Text, bool>,
    /// The attempts that it is to be learnt from.
    asked: IdMap<ExchangeId, (u32, Text)>,
}

impl Clusters {
    /// The token of an attempt that this cluster is asked for, unless nobody is there to read it.
    pub(crate) fn token(&mut self, ticket: Ticket, cluster: &Text) -> Option<String> {
        let known = self.known.get(cluster);
        let token = halves::token(ticket).filter(|_| known != Some(&false))?;
        if known.is_none() {
            self.asked.insert(ticket.id, (ticket.n, cluster.clone()));
        }
        Some(token)
    }

    /// An attempt has come to the upstream half.
    pub(crate) fn has_met(&mut self, Ticket { id, n, .. }: Ticket) {
        if let Some((attempt, cluster)) = self.asked.remove(&id)
            && attempt == n
        {
            self.known.insert(cluster, true);
        }
    }

    /// The answer of a provider is at the downstream half, before its attempt has come to the upstream half.
    pub(crate) fn has_missed(&mut self, id: ExchangeId) {
        if let Some((_, cluster)) = self.asked.remove(&id) {
            self.known.insert(cluster, false);
        }
    }

    /// The exchange is over.
    pub(crate) fn forget(&mut self, id: ExchangeId) {
        self.asked.remove(&id);
    }
}
