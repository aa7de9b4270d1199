//! Reports as JUnit XML, which every CI system shows.

use std::collections::BTreeMap;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use crate::report::Report;

/// One suite for each file, in the order of the files. Times are those the hosts measured: virtual in the test host, real
/// on Envoy.
pub(crate) fn render(reports: &[Report]) -> Result<String, quick_junit::SerializeError> {
    let mut order: Vec<&Path> = Vec::new();
    let mut suites: BTreeMap<&Path, TestSuite> = BTreeMap::new();
    for report in reports {
        let file = report.path.as_path();
        let suite = suites.entry(file).or_insert_with(|| {
            order.push(file);
            TestSuite::new(file.display().to_string())
        });
        suite.add_test_case(case(report));
    }
    let mut document = Document::new("seawall test");
    document.add_test_suites(order.iter().filter_map(|file| suites.remove(file)));
    document.to_string()
}

fn case(report: &Report) -> TestCase {
    let status = match report.problems.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_message(first.lines().next().unwrap_or_default());
            failed.set_description(report.problems.join("\n"));
            failed
        }
    };
    let mut case = TestCase::new(&report.name, status);
    if let Some(time) = report.time {
        case.set_time(time);
    }
    if !report.passed() {
        case.set_system_out(report.trace.join("\n"));
    }
    case
}
