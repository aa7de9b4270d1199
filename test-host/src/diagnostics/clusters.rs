//! The clusters of a configuration of Envoy.

use serde_json::Value;

/// Hands over each cluster with its name, in whole configurations, in lists of clusters and in resources of their own.
pub(super) fn each(config: &Value, found: &mut impl FnMut(&str, &Value)) {
    walk(config, false, found);
}

fn walk(value: &Value, is_cluster: bool, found: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            let kind = members.get("@type").and_then(Value::as_str).unwrap_or_default();
            let name = members.get("name").and_then(Value::as_str);
            if let Some(name) = name.filter(|_| is_cluster || kind.ends_with(".Cluster")) {
                found(name, value);
            }
            for (name, member) in members {
                match member {
                    Value::Array(items) if name == "clusters" => {
                        items.iter().for_each(|item| walk(item, true, found));
                    }
                    member => walk(member, false, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, false, found)),
        _ => {}
    }
}
