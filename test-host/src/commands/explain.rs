//! `seawall explain`: what is behind it. With a code (`SW0203`), what that finding means and how it is put right. With
//! anything else, see [`super::explain_policy`].

use std::path::PathBuf;

use anyhow::bail;
use seawall_policy::Code;

use super::{Color, Exit, explain_policy};

/// Says at length what a finding means: why it is refused, and how it is written right.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code, such as SW0203.
    #[arg(value_name = "CODE")]
    subject: PathBuf,
    /// Whether headings are coloured; `auto` is on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// Prints the explanation.
///
/// # Errors
/// When there is no such code.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Some(id) = args.subject.to_str().filter(|text| is_code(text)) else {
        return explain_policy::run(&args.subject);
    };
    let Some(code) = Code::from_id(id) else { bail!(unknown(id)) };
    super::print(&explained(code, args.color.on(&std::io::stdout())))?;
    Ok(Exit::Ok)
}

/// `SW` and digits, in small letters or large. No policy's file is called so, as it would end with `.seawall`.
fn is_code(text: &str) -> bool {
    let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case("SW")).and_then(|_| text.get(2..));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What there is instead: the codes of the same range, or the ranges.
fn unknown(id: &str) -> String {
    let id = id.to_ascii_uppercase();
    let range = id.get(..4).unwrap_or_default();
    let same: Vec<&str> =
        Code::ALL.iter().map(|code| code.id()).filter(|known| known.starts_with(range)).collect();
    if id.len() == 6 && !same.is_empty() {
        return format!("there is no code {id}; those of its range are {}", same.join(", "));
    }
    let ranges: Vec<String> =
        Code::RANGES.iter().map(|(start, what)| format!("{start}xx ({what})")).collect();
    format!("there is no code {id}; codes are {}", ranges.join(", "))
}

/// The explanation as text for a terminal: examples are indented instead of fenced.
fn explained(code: Code, colour: bool) -> String {
    let (bold, plain) = if colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let mut text = format!("{bold}{} ({}): {}{plain}\n\n", code.id(), code.severity().as_str(), code.title());
    let mut fenced = false;
    for line in code.explanation().lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            if let Some(which) = line.strip_prefix("```seawall ").filter(|_| fenced) {
                text += &format!("    {bold}// {which}{plain}\n");
            }
            continue;
        }
        let indent = if fenced && !line.is_empty() { "    " } else { "" };
        text += &format!("{indent}{line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_its_shape() {
        for text in ["SW0203", "sw0203", "Sw9999", "SW1"] {
            assert!(is_code(text), "{text}");
        }
        for text in ["policy.seawall", "SW", "SW02O3", "sw0203.seawall", "./SW0203", "", "ä"] {
            assert!(!is_code(text), "{text}");
        }
    }

    #[test]
    fn an_unknown_code_leads_to_those_there_are() {
        assert!(
            unknown("sw0699").ends_with("there is no code SW0699; those of its range are SW0601, SW0602")
        );
        assert!(unknown("SW9999").contains("SW01xx (syntax)"));
        assert!(unknown("SW2").contains("SW01xx (syntax)"));
    }

    #[test]
    fn examples_are_indented_and_marked() {
        let text = explained(Code::UnknownName, false);
        assert!(text.starts_with("SW0201 (error): a name that no block"), "{text}");
        assert!(text.contains("\n    // wrong\n    seawall 1\n") && !text.contains("```"), "{text}");
        assert!(explained(Code::UnknownName, true).starts_with("\u{1b}[1mSW0201"));
    }
}
