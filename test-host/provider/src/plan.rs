//! What one provider does from now on: refuses connections, or one [`Behaviour`] after the other.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::script::Behaviour;

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At least 1.
    Count(u32),
    Forever,
}

/// Once.
impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
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
