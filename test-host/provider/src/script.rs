//! What a simulated provider is told to do: one [`Behaviour`] for each request, in order. The same words serve scenario
//! files, the command line, the control API and the test host's scripted upstreams.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hyper::header::{self, HeaderName, HeaderValue};
use serde::de::{self, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::duration;

/// A request may bring its own [`Behaviour`], as JSON in this header; the script does not move on then.
pub const OVERRIDE_HEADER: &str = "x-simulate";

/// What happens to one request. The default is a prompt, correct answer with status 200.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// How many requests in a row get this; `forever` for all that follow.
    pub times: Times,
    /// Status of the answer. From 400 up the body is an error in the provider's dialect.
    #[serde(deserialize_with = "status")]
    pub status: u16,
    /// Extra answer headers, e.g. `retry-after`.
    #[serde(deserialize_with = "headers")]
    pub headers: BTreeMap<String, String>,
    /// Wait before the answer's headers.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Wait between the headers and the first chunk of a stream.
    #[serde(with = "duration")]
    pub first_token: Duration,
    /// Wait between the chunks of a stream.
    #[serde(with = "duration")]
    pub between_tokens: Duration,
    pub fault: Option<Fault>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            times: Times::Count(1),
            status: 200,
            headers: BTreeMap::new(),
            latency: Duration::ZERO,
            first_token: Duration::ZERO,
            between_tokens: Duration::ZERO,
            fault: None,
        }
    }
}

impl Behaviour {
    /// Reads the value of [`OVERRIDE_HEADER`].
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_override(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| format!("{OVERRIDE_HEADER}: {error}"))
    }
}

/// What goes wrong below HTTP, or in the body of an answer whose status says that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset (TCP RST) after the request was read, before any answer.
    Reset,
    /// The connection is reset after the headers and half of the body, or after two chunks of a stream.
    Cut,
    /// The body is JSON that stops in the middle; the answer ends in an orderly way.
    Malformed,
    /// Nothing is ever answered.
    Hang,
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At least 1.
    Count(u32),
    Forever,
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountOrForever;

        impl Visitor<'_> for CountOrForever {
            type Value = Times;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 up, or `forever`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Times, E> {
                match u32::try_from(number) {
                    Ok(count) if count > 0 => Ok(Times::Count(count)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Times, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Times, E> {
                match text {
                    "forever" => Ok(Times::Forever),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(CountOrForever)
    }
}

/// What one provider does from now on.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing listens: connections are refused. Written `refused`.
    Refused,
    /// One behaviour after the other, then correct answers. Written as a list.
    Script(Vec<Behaviour>),
}

/// Correct answers for all requests.
impl Default for Plan {
    fn default() -> Self {
        Self::Script(Vec::new())
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Refused => serializer.serialize_str("refused"),
            Self::Script(behaviours) => behaviours.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RefusedOrList;

        impl<'de> Visitor<'de> for RefusedOrList {
            type Value = Plan;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`refused`, or a list of behaviours")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plan, E> {
                match text {
                    "refused" => Ok(Plan::Refused),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plan, A::Error> {
                let mut behaviours = Vec::new();
                while let Some(behaviour) = list.next_element()? {
                    behaviours.push(behaviour);
                }
                Ok(Plan::Script(behaviours))
            }
        }

        deserializer.deserialize_any(RefusedOrList)
    }
}

/// A status that ends an exchange: 1xx would leave the caller waiting for the real one.
fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(deserializer)?;
    if (200..=599).contains(&status) {
        return Ok(status);
    }
    Err(de::Error::invalid_value(Unexpected::Unsigned(status.into()), &"a status from 200 to 599"))
}

/// Headers that can be sent. Framing belongs to the server: a length that lies is not among the faults.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let given = BTreeMap::<String, String>::deserialize(deserializer)?;
    given
        .into_iter()
        .map(|(name, value)| {
            let valid = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| de::Error::custom(format_args!("`{name}` is not a header name")))?;
            if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&valid) {
                return Err(de::Error::custom(format_args!("`{name}` is set by the provider itself")));
            }
            if HeaderValue::from_str(&value).is_err() {
                return Err(de::Error::custom(format_args!("the value of `{name}` is not a header value")));
            }
            Ok((valid.as_str().to_owned(), value))
        })
        .collect()
}
