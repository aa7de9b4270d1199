//! One text out of a policy and the files that it names: the filter reads no files.
//!
//! Only what lies in the policy's directory, or below it, is read. A policy may come from somebody else, and must not be able
//! to carry other files of this machine to wherever it is deployed.

use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use seawall_policy::file_references;
use seawall_policy::foreign::{place_in_file, schema_fault};
use seawall_policy::{Code, Diagnostic, Edit, FileReference, Fix, MAX_INLINE_BYTES, MAX_SOURCE_BYTES, apply};

/// A policy that needs no files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    pub text: String,
    /// How many files were written into it.
    pub files: usize,
}

/// Where the files lie that a policy names.
#[must_use]
pub fn directory(policy: &Path) -> &Path {
    policy.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the files that a policy names in the places of their names, as texts in place. All else stays as it is, byte for
/// byte; so a policy that names none is the same again.
///
/// # Errors
/// What is wrong with the policy, or with files, each at its place in `source`.
pub fn bundle(source: &str, directory: &Path) -> Result<Bundled, Vec<Diagnostic>> {
    let found = file_references(source);
    let Some(references) = found.files else { return Err(found.diagnostics) };
    let (mut edits, mut wrong, mut length) = (Vec::new(), Vec::new(), source.len());
    for reference in &references {
        match inlined(source, reference, directory) {
            Ok(replacement) => {
                length += replacement.len();
                if length > MAX_SOURCE_BYTES {
                    let message = "with this file the policy is larger than 1 MiB".to_owned();
                    wrong.push(Diagnostic::new(Code::FileReference, reference.span, message));
                    break;
                }
                edits.push(Edit { span: reference.span, replacement });
            }
            Err(found) => wrong.push(*found),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let files = edits.len();
    let text = apply(source, &[&Fix { title: String::new(), edits }]).text;
    // What is written must be a policy without files, whatever the files held.
    let again = file_references(&text);
    match again.files {
        Some(left) if left.is_empty() => Ok(Bundled { text, files }),
        _ => {
            let message = "the files can't be written into the policy so that it stays one";
            let span = references.first().map(|first| first.span).unwrap_or_default();
            Err(vec![Diagnostic::new(Code::FileReference, span, message)])
        }
    }
}

/// What is wrong with the files that a policy names, each at its place in `source`. Of a policy with errors nothing is known.
#[must_use]
pub fn check_files(source: &str, directory: &Path) -> Vec<Diagnostic> {
    let references = file_references(source).files.unwrap_or_default();
    references.iter().filter_map(|reference| usable(reference, directory).err()).map(|found| *found).collect()
}

/// The text of the file, if it can be used.
fn usable(reference: &FileReference, directory: &Path) -> Result<String, Box<Diagnostic>> {
    let text = read(directory, &reference.path).map_err(|(message, help)| {
        let found = Diagnostic::new(Code::FileReference, reference.span, message);
        Box::new(if help.is_empty() { found } else { found.with_help(help) })
    })?;
    match schema_fault(&text).filter(|_| reference.json) {
        None => Ok(text),
        Some(fault) => {
            let place = place_in_file(&reference.path, &text, fault.place.as_ref());
            let message = format!("`{place}`: {}", fault.reason);
            Err(Box::new(Diagnostic::new(Code::InvalidSchema, reference.span, message).with_help(fault.help)))
        }
    }
}

/// What is to stand in the place of the reference.
fn inlined(source: &str, reference: &FileReference, directory: &Path) -> Result<String, Box<Diagnostic>> {
    let text = usable(reference, directory)?;
    let tag = tag(&text, if reference.json { "JSON" } else { "TEXT" });
    // The last line of a file ends before the line with the tag.
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let behind = source.get(reference.span.end as usize..).unwrap_or_default();
    let rest = behind.split('\n').next().unwrap_or_default();
    // Nothing else can stand on the line with the tag.
    let end = if rest.trim().is_empty() { "" } else { "\n" };
    Ok(format!("<<{tag}\n{body}\n{tag}{end}"))
}

/// A message, and what to do about it.
type Fault = (String, &'static str);

fn too_long(path: &str) -> Fault {
    (format!("`{path}` is longer than 256 KiB"), "")
}

fn read(directory: &Path, path: &str) -> Result<String, Fault> {
    let unreadable = |error: io::Error| {
        // The sandbox says so itself, without a number of the operating system.
        if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            let help = "the file must lie in the policy's directory, or below it; copy it there";
            return (format!("`{path}` leads out of the policy's directory"), help);
        }
        (format!("`{path}` can't be read: {error}"), "the path is relative to the policy's own directory")
    };
    let directory = Dir::open_ambient_dir(directory, ambient_authority()).map_err(unreadable)?;
    // Opening a pipe would wait for somebody to write to it.
    let metadata = directory.metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err((format!("`{path}` is not a file"), ""));
    }
    let mut bytes = Vec::new();
    let most = MAX_INLINE_BYTES as u64 + 1;
    let file = directory.open(path).map_err(unreadable)?;
    file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_INLINE_BYTES {
        return Err(too_long(path));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err((format!("`{path}` is not text in UTF-8"), ""));
    };
    // Editors on Windows put it first; it is no part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The word, with a number if need be, that no line of the text is.
fn tag(text: &str, word: &str) -> String {
    let is_free = |tag: &String| !text.lines().any(|line| line.trim() == tag);
    let numbered = (2..).map(|number: u32| format!("{word}_{number}"));
    std::iter::once(word.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
