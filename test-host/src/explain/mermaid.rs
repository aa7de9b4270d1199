//! The route plan as a Mermaid flowchart, which GitHub, GitLab and many editors draw by themselves.
//!
//! Every text stands in double quotes with all characters that mean something to Mermaid, Markdown or HTML written as
//! `#code;`, the way Mermaid escapes. No name of a policy becomes an identifier.

use std::fmt::Write as _;

use seawall_policy::explain::{Column, Node, Picture, Row};

/// Longer texts are cut: a node is no place to read them.
const LONGEST: usize = 60;

/// A flowchart, from left to right.
#[must_use]
pub fn render(picture: &Picture) -> String {
    let mut out = format!("%% {}\nflowchart LR\n", plain(&picture.title));
    for (number, row) in picture.rows.iter().enumerate() {
        // Writing to a string doesn't fail.
        let _ = write_row(&mut out, number, row);
    }
    out += "  rest[\"no route\"]:::aside -.-> untouched[\"passes untouched\"]:::aside\n";
    out += "  classDef route fill:#eef2ff,stroke:#6366f1,color:#1f2933\n";
    out += "  classDef target fill:#f8fafc,stroke:#64748b,color:#1f2933\n";
    out += "  classDef aside fill:#ffffff,stroke:#94a3b8,color:#475569,stroke-dasharray:4 3\n";
    out
}

fn write_row(out: &mut String, number: usize, row: &Row) -> std::fmt::Result {
    let mut lines = vec![format!("<b>{}</b>", escaped(&row.name)), escaped(&row.path)];
    lines.extend(row.condition.as_ref().map(|condition| format!("when {}", escaped(condition))));
    lines.push(escaped(&row.budget));
    lines.extend(row.breaker.as_ref().map(|breaker| format!("breaker {}", escaped(breaker))));
    writeln!(out, "  r{number}[\"{}\"]:::route", lines.join("<br/>"))?;
    let (mut from, mut label) = (format!("r{number}"), String::new());
    for (stage, column) in row.columns.iter().enumerate() {
        let id = format!("r{number}s{stage}");
        if column.order.is_empty() {
            // One after the other: each is a step of its own.
            for (index, node) in column.nodes.iter().enumerate() {
                let target = format!("{id}t{index}");
                writeln!(out, "  {from} -->{label} {target}[\"{}\"]:::target", text(node))?;
                from = target;
                label = format!("|\"{}\"|", escaped(&row.triggers));
            }
        } else {
            writeln!(out, "  subgraph {id}[\"{}\"]", escaped(&column.order))?;
            write_nodes(out, &id, column)?;
            writeln!(out, "  end\n  {from} -->{label} {id}")?;
            from = id;
            label = format!("|\"{}\"|", escaped(&row.triggers));
        }
    }
    writeln!(out, "  {from} -->{label} r{number}z([\"the caller gets the failure\"]):::aside")?;
    for (index, aside) in row.asides.iter().enumerate() {
        let mut text = escaped(&aside.label);
        if !aside.target.is_empty() {
            text += &format!("<br/>{}", escaped(&aside.target));
        }
        writeln!(out, "  r{number} -.- r{number}a{index}[\"{text}\"]:::aside")?;
    }
    Ok(())
}

fn write_nodes(out: &mut String, id: &str, column: &Column) -> std::fmt::Result {
    for (index, node) in column.nodes.iter().enumerate() {
        writeln!(out, "    {id}t{index}[\"{}\"]:::target", text(node))?;
    }
    Ok(())
}

fn text(node: &Node) -> String {
    let mut lines = vec![format!("<b>{}</b>", escaped(&node.name))];
    lines.push(format!("{} · {}", escaped(&node.cluster), node.provider_name()));
    lines.extend(node.model.as_ref().map(|model| escaped(model)));
    lines.extend(node.weight.map(|weight| format!("weight {weight}")));
    if node.is_changed {
        lines.push("request is changed".into());
    }
    lines.join("<br/>")
}

/// Without line breaks; for a comment.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        match c {
            c if c.is_alphanumeric() => out.push(c),
            ' ' | '.' | ',' | '/' | ':' | '-' | '_' | '=' | '+' | '·' | '…' => out.push(c),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_means_something_to_mermaid_is_escaped() {
        assert_eq!(escaped("gpt-4.1"), "gpt-4.1");
        assert_eq!(escaped("\"]; click"), "#34;#93;#59; click");
        assert_eq!(escaped("<b>`a`|#1&"), "#60;b#62;#96;a#96;#124;#35;1#38;");
        assert_eq!(escaped("%%{init}"), "#37;#37;#123;init#125;");
        assert_eq!(escaped(&"x".repeat(61)).chars().count(), 61);
    }
}
