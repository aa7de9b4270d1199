//! A cluster for each target. Targets that share one, such as two models of a provider, may still fare differently, and a
//! test says how each does; so where it runs, they are told apart by their clusters.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::Value;
use crate::check::Resolved;
use crate::diagnostic::{Edit, Fix, apply};
use crate::span::Span;

pub(super) struct Apart {
    pub(super) policy: String,
    /// Each target and its cluster.
    pub(super) clusters: Vec<(String, String)>,
}

pub(super) fn apart(source: &str, resolved: &Resolved<'_>) -> Apart {
    let targets: Vec<(&str, &str)> = resolved
        .names
        .all("target")
        .filter_map(|(name, _)| match &resolved.targets.statement(name, "cluster")?.values[..] {
            [Value::Text(cluster)] => Some((name, cluster.as_str())),
            _ => None,
        })
        .collect();
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, cluster) in &targets {
        *shared.entry(cluster).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = shared.keys().map(|cluster| (*cluster).to_string()).collect();
    let mut clusters = Vec::new();
    let mut edits = Vec::new();
    for (target, cluster) in targets {
        if shared.get(cluster) == Some(&1) {
            clusters.push((target.to_string(), cluster.to_string()));
            continue;
        }
        let mut own = [cluster, "-", target].concat();
        while !taken.insert(own.clone()) {
            own.push('-');
        }
        edits.extend(edit(resolved, target, &own));
        clusters.push((target.to_string(), own));
    }
    let apart = Fix { title: String::new(), edits };
    Apart { policy: apply(source, &[&apart]).text, clusters }
}

/// Writes the cluster where the target's stands, or else behind its brace: on the same line in both cases.
fn edit(resolved: &Resolved<'_>, target: &str, cluster: &str) -> Option<Edit> {
    let quoted = ["\"", &cluster.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat();
    let block = resolved.names.block("target", target)?;
    if let Some(own) = block.all("cluster").next() {
        return Some(Edit { span: *own.spans.first()?, replacement: quoted });
    }
    let behind_brace = block.span.start as usize + 1;
    let replacement = [" cluster ", &quoted, " "].concat();
    Some(Edit { span: Span::new(behind_brace, behind_brace), replacement })
}
