use seawall_policy::explain::*;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let source = std::fs::read_to_string(&path).unwrap();
    let ex = Explainer::new(&source).unwrap();
    if std::env::args().nth(2).is_none() { print!("{}", ex.summary()); return; }
    let request = Request { path: "/v1/chat/completions?key=abcdefghijk".into(), headers: vec![("authorization".into(), "Bearer sk-abcdefgh".into())], body: Body::Json(BodyFacts { model: Some("gpt-4o".into()), stream: true, messages: 3, input_tokens: 120, ..Default::default() }), tenant: Some("acme".into()), hour: 4, ..Request::default() };
    print!("{}", ex.request(&request));
}
