//! Findings for people, as the Rust compiler shows its own: by the same library, in colour where there is a terminal.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use seawall_policy::{Diagnostic, Mask, Severity, Span};

use super::places::Places;
use super::{Judged, shown_fix};

/// Other places shown of one finding.
const MOST_RELATED: usize = 8;
/// Where a shown line is longer, the plain format takes over, which cuts lines in a time that doesn't depend on their
/// length.
const LONGEST_LINE: usize = 2000;

/// All findings of one policy, an empty line between them.
#[must_use]
pub fn render(judged: &Judged, colour: bool) -> String {
    let Judged { name, source, checked } = judged;
    let mask = Mask::new(source, &checked.diagnostics);
    let page = Page {
        renderer: if colour { Renderer::styled() } else { Renderer::plain() },
        name: mask.text(name),
        masked: mask.source(source),
        places: Places::new(source),
        mask,
    };
    let mut out = String::new();
    for found in &checked.diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        match page.finding(found) {
            Some(text) => out.extend([text.as_str(), "\n"]),
            None => out += &page.plain(found),
        }
    }
    out
}

/// Some lines of the masked source.
struct Window<'w> {
    line: usize,
    start: usize,
    text: &'w str,
}

struct Page<'p> {
    renderer: Renderer,
    name: String,
    /// The source without what must not be shown, byte for byte in its place.
    masked: String,
    places: Places<'p>,
    mask: Mask<'p>,
}

impl Page<'_> {
    /// `None` when a line is too long to be shown in this way.
    fn finding(&self, found: &Diagnostic) -> Option<String> {
        let related = || found.related.iter().take(MOST_RELATED);
        let spans = || std::iter::once(found.span).chain(related().map(|other| other.span));
        let window = self.window(spans())?;
        let primary = self.annotation(AnnotationKind::Primary, found.span, &found.label, &window);
        let others = related()
            .map(|other| self.annotation(AnnotationKind::Context, other.span, &other.label, &window));
        let snippet = self.snippet(&window).annotation(primary).annotations(others);

        let level = match found.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.mask.text(&found.message)).id(found.code.id());
        let mut group = Group::with_title(title).element(snippet);
        let help = found.help.as_deref().map(|help| self.mask.text(help));
        let Some(fix) = shown_fix(found, &self.mask) else {
            group = group.elements(help.map(|help| Level::HELP.message(help)));
            return Some(self.renderer.render(&[group]));
        };
        // What is to be written is seen in the fix itself; the help says why, where there is any.
        let title = help.unwrap_or_else(|| self.mask.text(&fix.title));
        let window = self.window(fix.edits.iter().map(|edit| edit.span))?;
        let patches =
            fix.edits.iter().map(|edit| Patch::new(within(edit.span, &window), edit.replacement.as_str()));
        let snippet = self.snippet(&window).patches(patches);
        let suggestion = Group::with_title(Level::HELP.secondary_title(title)).element(snippet);
        Some(self.renderer.render(&[group, suggestion]))
    }

    /// Masked beforehand, as the secrets are known only from all findings together.
    fn plain(&self, found: &Diagnostic) -> String {
        let mut found = found.clone();
        found.message = self.mask.text(&found.message);
        found.label = self.mask.text(&found.label);
        found.help = found.help.map(|help| self.mask.text(&help));
        found.fix = shown_fix(&found, &self.mask).cloned();
        seawall_policy::render(&self.name, &self.masked, &[found])
    }

    /// The lines around these spans: to read the whole file for each finding would take time by the square of its size.
    fn window(&self, spans: impl Iterator<Item = Span>) -> Option<Window<'_>> {
        let (line, bytes) = self.places.lines(spans);
        let text = self.masked.get(bytes.clone())?;
        text.lines().all(|line| line.len() <= LONGEST_LINE).then_some(Window {
            line,
            start: bytes.start,
            text,
        })
    }

    fn snippet<'s, T: Clone>(&'s self, window: &Window<'s>) -> Snippet<'s, T> {
        Snippet::source(window.text).line_start(window.line).path(self.name.as_str())
    }

    fn annotation(
        &self,
        kind: AnnotationKind,
        span: Span,
        label: &str,
        window: &Window<'_>,
    ) -> Annotation<'static> {
        let label = (!label.is_empty()).then(|| self.mask.text(label));
        kind.span(within(span, window)).label(label)
    }
}

/// The span, counted from the start of the window. The library may panic on one that doesn't lie on characters of it.
fn within(span: Span, window: &Window<'_>) -> std::ops::Range<usize> {
    let from = |offset: u32| window.text.floor_char_boundary((offset as usize).saturating_sub(window.start));
    from(span.start)..from(span.end.max(span.start))
}
