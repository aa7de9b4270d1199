//! `seawall man` and `seawall completions`.

use std::process::Command;

use seawall_policy::Code;
use seawall_policy::vocabulary::blocks;

use super::command::Place;

/// What a reader sees of a page: without requests, fonts and escapes.
fn plain(roff: &str) -> String {
    let text: Vec<&str> =
        roff.lines().filter(|line| !line.starts_with('.') && !line.starts_with('\'')).collect();
    let mut text = text.join(" ");
    for (escaped, seen) in [
        (r"\fB", ""),
        (r"\fI", ""),
        (r"\fR", ""),
        (r"\-", "-"),
        (r"\*(Aq", "'"),
        (r"\(aq", "'"),
        (r"\\", "\\"),
        (r"\&", ""),
    ] {
        text = text.replace(escaped, seen);
    }
    text
}

#[test]
fn the_page_of_the_language_holds_every_block_and_statement() {
    let (code, page, err) = Place::new(&[]).seawall(&["man", "seawall-policy"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let text = plain(&page);
    let words = |text: &str| text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ");
    let text = words(&text);
    for block in blocks().into_iter().filter(|block| block.word != "policy") {
        assert!(page.contains(&format!(".SH {}\n", block.word.to_uppercase())), "{}", block.word);
    }
    for block in blocks() {
        for statement in block.statements {
            for told in [statement.doc, statement.example, &statement.shape.range_text()] {
                assert!(text.contains(&words(told)), "{} {}: no `{told}`", block.word, statement.word);
            }
        }
    }
    for code in Code::ALL {
        assert!(text.contains(&format!(
            "{} {}: {}",
            code.id(),
            code.severity().as_str(),
            words(code.title())
        )));
    }
}

#[test]
fn every_command_has_a_page() {
    let place = Place::new(&[]);
    let (code, out, err) = place.seawall(&["man", "-o", "deep/man"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let mut files: Vec<String> = std::fs::read_dir(place.path("deep/man"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let help = place.seawall(&["--help"]).1;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .collect();
    assert!(commands.len() >= 8, "{help}");
    let mut wanted: Vec<String> = commands.iter().map(|command| format!("seawall-{command}.1")).collect();
    wanted.extend(["seawall.1".to_owned(), "seawall-policy.5".to_owned()]);
    wanted.sort();
    assert_eq!(files, wanted);
    assert_eq!(place.seawall(&["man"]).1, place.read("deep/man/seawall.1"));
    assert_eq!(place.seawall(&["man", "seawall-test"]).1, place.read("deep/man/seawall-test.1"));
    let (code, _, err) = place.seawall(&["man", "seawall-nothing"]);
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error: there is no page `seawall-nothing`; there are seawall, seawall-test"),
        "{err}"
    );
}

/// Where groff is installed: it must find nothing to say about the pages.
#[test]
fn pages_are_sound_roff() {
    if Command::new("groff").arg("--version").output().is_err() {
        return;
    }
    let place = Place::new(&[]);
    place.seawall(&["man", "-o", "."]);
    for file in std::fs::read_dir(place.path("")).unwrap() {
        let path = file.unwrap().path();
        let output =
            Command::new("groff").args(["-k", "-man", "-Tutf8", "-ww", "-z"]).arg(&path).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{}: {told}", path.display());
    }
}

#[test]
fn completions_know_every_command_and_flag() {
    let place = Place::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, err) = place.seawall(&["completions", shell]);
        assert_eq!((code, err.as_str()), (0, ""));
        for word in ["bundle", "init", "completions", "fallback-cluster", "junit"] {
            assert!(script.contains(word), "{shell}: no `{word}`");
        }
    }
    let (code, _, err) = place.seawall(&["completions", "dos"]);
    assert!(code == 2 && err.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{err}");
}

#[test]
fn a_command_stands_for_its_page() {
    let place = Place::new(&[]);
    assert_eq!(place.seawall(&["man", "check"]), place.seawall(&["man", "seawall-check"]));
    let (code, out, err) = place.seawall(&["man", "nonsense"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("there is no page `nonsense`; there are seawall, "), "{err}");
}

/// Where bash is installed: its script is loaded and asked.
#[test]
fn bash_completes_a_command() {
    let place = Place::new(&[]);
    std::fs::write(place.path("seawall.bash"), place.seawall(&["completions", "bash"]).1).unwrap();
    let ask = "source ./seawall.bash; COMP_WORDS=(seawall bun); COMP_CWORD=1; _seawall seawall bun seawall; \
               echo \"${COMPREPLY[@]}\"";
    let Ok(output) = Command::new("bash").args(["--norc", "-c", ask]).current_dir(place.path("")).output()
    else {
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "bundle",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
