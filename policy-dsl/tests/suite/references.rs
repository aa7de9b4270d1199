//! Files that a policy names.

use seawall_policy::{Code, FileReference, file_references};

const POLICY: &str = r#"seawall 1
target a { cluster "a"  provider openai }
route chat {
  match path "/v1/*"
  try a
  output { schema file "schemas/answer.json"  judge 2% by a prompt file "judge.txt"  }
}
route other {
  match path "/v2/*"
  try a
  output { schema <<JSON
    { "file": "x" }
    JSON
  }
}
"#;

#[test]
fn files_are_found_with_their_place_and_kind() {
    let found = file_references(POLICY);
    assert_eq!(found.diagnostics, []);
    let files = found.files.unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|FileReference { path, json, span }| (path.as_str(), *json, span.text(POLICY)))
        .collect();
    assert_eq!(
        told,
        [
            ("schemas/answer.json", true, "file \"schemas/answer.json\""),
            ("judge.txt", false, "file \"judge.txt\"")
        ]
    );
}

#[test]
fn a_policy_with_errors_has_no_list_of_files() {
    let found = file_references(&POLICY.replace("try a", "try b"));
    assert_eq!(found.files, None);
    assert!(found.diagnostics.iter().all(|found| found.code == Code::UnknownName));
}
