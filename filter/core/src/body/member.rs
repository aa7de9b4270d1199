//! The members of a request's top-level object that decide something, in all dialects.
//!
//! Servers in Go take a name in whatever case ("encoding/json", `Unmarshal`: "preferring exact matches but also accepting
//! case-insensitive matches"), and of several the last. So two spellings of one name are that name twice.

use std::borrow::Cow;

use super::BodyError;

macro_rules! members {
    ($($member:ident = $name:literal $(| $other:literal)*,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Member {
            $($member,)*
        }

        impl Member {
            pub(super) const COUNT: usize = [$(Self::$member),*].len();

            pub(super) fn of(key: &[u8]) -> Option<Self> {
                match key {
                    $($name $(| $other)* => Some(Self::$member),)*
                    _ if key.iter().any(|byte| is_odd(*byte)) => Self::spelled(key),
                    _ => None,
                }
            }

            /// By whatever a server may take for its name.
            #[cold]
            fn spelled(key: &[u8]) -> Option<Self> {
                let key = folded(key);
                $(if [&$name[..] $(, $other)*].iter().any(|name| name.eq_ignore_ascii_case(&key)) {
                    return Some(Self::$member);
                })*
                None
            }

            fn name(self) -> &'static str {
                let name: &[u8] = match self {
                    $(Self::$member => $name,)*
                };
                std::str::from_utf8(name).unwrap_or_default()
            }
        }
    };
}

/// Whether a key with this byte may be another spelling of a name. `generationconfig` isn't, as nobody takes it for one who knows
/// `generationConfig`.
fn is_odd(byte: u8) -> bool {
    byte.is_ascii_uppercase() || !byte.is_ascii()
}

/// The two letters beyond ASCII that fold to one of it (Unicode, "CaseFolding.txt": U+017F and U+212A).
fn folded(key: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(key) {
        Ok(text) if !key.is_ascii() => {
            Cow::Owned(text.replace('\u{17f}', "s").replace('\u{212a}', "k").into_bytes())
        }
        _ => Cow::Borrowed(key),
    }
}

// Gemini takes each of its names in two spellings (ProtoJSON, "JSON Options").
members! {
    Model = b"model",
    Stream = b"stream",
    StreamOptions = b"stream_options",
    MaxTokens = b"max_tokens",
    MaxCompletionTokens = b"max_completion_tokens",
    MaxOutputTokens = b"max_output_tokens",
    Temperature = b"temperature",
    Messages = b"messages",
    Contents = b"contents",
    Prompt = b"prompt",
    Input = b"input",
    Tools = b"tools",
    Functions = b"functions",
    ToolConfig = b"toolConfig",
    ResponseFormat = b"response_format",
    OutputFormat = b"output_format",
    OutputConfig = b"output_config" | b"outputConfig",
    Text = b"text",
    GenerationConfig = b"generationConfig" | b"generation_config",
    InferenceConfig = b"inferenceConfig",
    Thinking = b"thinking",
    MoreFields = b"additionalModelRequestFields",
    Choices = b"n",
    BestOf = b"best_of",
    CachedContent = b"cachedContent" | b"cached_content",
}

/// The members met so far, a bit each.
#[derive(Default)]
pub(super) struct Seen(u32);

impl Seen {
    pub(super) fn once(&mut self, member: Member) -> Result<(), BodyError> {
        let bit = 1 << member as u32;
        if self.0 & bit != 0 {
            return Err(BodyError::Duplicate { member: member.name() });
        }
        self.0 |= bit;
        Ok(())
    }
}
