//! What a policy is made of, as a tree.

use std::collections::BTreeMap;

use super::Document;
use crate::span::Span;
use crate::token::{Kind, unquoted};

/// A definition, or a block within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its word: `target`, `contract` …
    pub kind: &'static str,
    /// Its name; its word when it has none.
    pub name: String,
    /// All of it.
    pub span: Span,
    /// What to go to: its name, or its word.
    pub head: Span,
    pub children: Vec<Outline>,
}

impl Document<'_> {
    /// The definitions in the order of the text, with the blocks in them.
    #[must_use]
    pub fn outline(&self) -> Vec<Outline> {
        let mut found = Vec::new();
        // Inner statements come behind the outer ones, so going backwards each is complete before it is needed.
        let mut children: BTreeMap<usize, Vec<Outline>> = BTreeMap::new();
        let regions = self.walk.regions.iter().enumerate();
        let inside: BTreeMap<usize, usize> =
            regions.filter_map(|(index, region)| Some((region.node?, index))).collect();
        for (index, node) in self.walk.nodes.iter().enumerate().rev() {
            let is_top = node.region == 0;
            if !is_top && node.definition.block().is_none() {
                continue;
            }
            let head = node.name.unwrap_or(node.first);
            let Some(token) = self.token(head) else { continue };
            let text = self.text(head);
            let mut own = inside.get(&index).and_then(|region| children.remove(region)).unwrap_or_default();
            own.reverse();
            let outline = Outline {
                kind: node.definition.word,
                name: if token.kind == Kind::Text { unquoted(text) } else { text }.to_string(),
                span: self.span(node),
                head: token.span,
                children: own,
            };
            if is_top {
                found.push(outline);
            } else {
                children.entry(node.region).or_default().push(outline);
            }
        }
        found.reverse();
        found
    }

    /// From brace to brace, where they stand on different lines.
    #[must_use]
    pub fn folds(&self) -> Vec<Span> {
        let mut found = Vec::new();
        let mut open = Vec::new();
        for token in &self.lexed.tokens {
            match token.kind {
                Kind::Open => open.push(token.span),
                Kind::Close => found.extend(open.pop().map(|start| start.to(token.span))),
                Kind::Inline => found.push(token.span),
                _ => {}
            }
        }
        found.retain(|span| span.text(self.source).contains('\n'));
        found.sort_by_key(|span| span.start);
        found
    }
}
