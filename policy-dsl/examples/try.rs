fn main() {
    let path = std::env::args().nth(1).unwrap();
    let source = std::fs::read_to_string(&path).unwrap();
    let scope = if std::env::args().nth(2).is_some() {
        seawall_policy::Scope::WholeLanguage
    } else {
        seawall_policy::Scope::Supported
    };
    let checked = seawall_policy::check_as(&source, scope);
    print!("{}", seawall_policy::render("p", &source, &checked.diagnostics));
    if let Some(policy) = checked.policy {
        println!("{policy:#?}");
    }
}
