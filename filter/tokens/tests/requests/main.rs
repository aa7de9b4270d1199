//! Counts of whole requests beside those that APIs have reported.

#[cfg(test)]
mod dialects;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod other_makers;
#[cfg(test)]
mod published;
#[cfg(test)]
mod repeated;

#[cfg(test)]
use seawall_tokens::{Budget, Dialect, Encoding, Memo, Request, Tally};

#[cfg(test)]
fn count(dialect: Dialect, model: &str, body: &serde_json::Value) -> Tally {
    count_text(dialect, model, &body.to_string())
}

#[cfg(test)]
fn count_text(dialect: Dialect, model: &str, body: &str) -> Tally {
    let encoding = Encoding::of_model(model).unwrap_or(Encoding::O200kBase);
    let request = Request { dialect, model, encoding, budget: Budget::default() };
    request.count(body.as_bytes(), &mut Memo::new(64, [1, 2])).unwrap()
}
